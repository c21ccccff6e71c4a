// Package studyfile reads study files: the YAML in which a user names the
// objective, the settings that every trial has in common, the search space,
// the sampler, the pruner and the budget.
//
// Reading is strict. Whatever is unknown, contradictory or cannot work is a
// [Finding] with file, line and a hint, and all findings of a file are
// gathered in one pass, before anything is written anywhere.
package studyfile

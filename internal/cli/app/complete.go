package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/search"
)

// completionTime bounds what a shell waits for after a Tab.
const completionTime = 2 * time.Second

// StudyNames completes the first argument of a verb with the names of the
// studies in the storage, and nothing else. Whatever goes wrong, a database
// that is not there first of all, means that there are none: a shell has no
// use for messages.
func (f *Factory) StudyNames(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.studyNames(cmd.Context(), begun), cobra.ShellCompDirectiveNoFileComp
}

// StudyNamesOrFiles is StudyNames for a verb that also takes a study file.
func (f *Factory) StudyNamesOrFiles(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.studyNames(cmd.Context(), begun), cobra.ShellCompDirectiveDefault
}

// TrialNumbers completes a study's name and then the number of one of its
// trials, the newest first.
func (f *Factory) TrialNumbers(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return f.StudyNames(cmd, args, begun)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	store, study, err := f.Study(ctx, args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	counts, err := store.Counts(ctx, study.ID)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var numbers []string
	for n := counts.Total() - 1; n >= 0; n-- { // trials are numbered without gaps
		if text := strconv.Itoa(n); strings.HasPrefix(text, begun) {
			numbers = append(numbers, text)
		}
	}
	return numbers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

func (f *Factory) studyNames(ctx context.Context, begun string) []string {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	store, err := f.Existing(ctx)
	if err != nil {
		return nil
	}
	all, err := store.Summaries(ctx)
	if err != nil {
		return nil
	}
	return names(all, begun)
}

func names(all []search.Summary, begun string) []string {
	var found []string
	for i := range all {
		if name := all[i].Study.Name; strings.HasPrefix(name, begun) {
			found = append(found, name)
		}
	}
	return found
}

// Folders completes folders, for a flag or an argument that names one.
func Folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// ParamNames completes a study's name and then "name=" for its parameters that
// were not given yet.
func (f *Factory) ParamNames(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return f.StudyNames(cmd, args, begun)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	_, study, err := f.Study(ctx, args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var params []string
	for _, p := range study.Definition.Space {
		given := func(arg string) bool { return strings.HasPrefix(arg, p.Name+"=") }
		if entry := p.Name + "="; strings.HasPrefix(entry, begun) && !slices.ContainsFunc(args[1:], given) {
			params = append(params, entry)
		}
	}
	return params, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// CompleteWords has a flag of cmd completed with words. The flag must be there.
func CompleteWords(cmd *cobra.Command, flag string, words ...string) {
	CompleteFlag(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// CompleteFlag has a flag of cmd completed. The flag must be there.
func CompleteFlag(cmd *cobra.Command, flag string, complete cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, complete) // fails only for a flag that is not there
}

package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// budgetText writes what bounds a study beside its number of trials, as a study
// file does; empty when nothing does.
func budgetText(b search.Budget) string {
	var parts []string
	add := func(given bool, name string, value any) {
		if given {
			parts = append(parts, fmt.Sprintf("%s: %v", name, value))
		}
	}
	add(b.Parallel > 0, "parallel", b.Parallel)
	add(b.Timeout > 0, "timeout", duration(b.Timeout))
	add(b.MaxFailed > 0, "max_failed", b.MaxFailed)
	if b.Target != nil {
		add(true, "target", *b.Target)
	}
	add(b.NoImprovement > 0, "no_improvement", b.NoImprovement)
	if b.Terminator != nil {
		add(true, "terminator", b.Terminator.Kind)
	}
	add(b.StallTimeout > 0, "stall_timeout", duration(b.StallTimeout))
	return strings.Join(parts, ", ")
}

// duration writes a duration as people do in study files: 30m, not 30m0s.
func duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// stoppedText says that a study has too many failed trials to go on; empty when
// it has not.
func stoppedText(s *search.Summary) string {
	limit := s.Study.Definition.Budget.MaxFailed
	if limit == 0 || s.Counts.Fail < limit {
		return ""
	}
	return fmt.Sprintf("%d failed, and its budget has max_failed: %d", s.Counts.Fail, limit)
}

// details goes on with the kind of a sampler or a pruner: the counts that are
// given, then the options.
func details(startupTrials, warmupSteps int, options map[string]any) string {
	var b strings.Builder
	if startupTrials > 0 {
		fmt.Fprintf(&b, ", startup_trials: %d", startupTrials)
	}
	if warmupSteps > 0 {
		fmt.Fprintf(&b, ", warmup_steps: %d", warmupSteps)
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		fmt.Fprintf(&b, ", %s: %s", name, setting(options[name]))
	}
	return b.String()
}

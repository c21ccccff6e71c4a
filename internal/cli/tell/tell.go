// Package tell is the verb "tell".
package tell

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/study"
)

// The words for what became of a trial.
const (
	complete = "complete"
	pruned   = "pruned"
	fail     = "fail"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name    string
	Number  int
	Values  []float64 // of a complete trial, one for each objective
	State   string
	Message string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = tell
	}
	cmd := &cobra.Command{
		Use:   "tell NAME NUMBER VALUE…",
		Short: "Tell the value of a trial that you asked for",
		Long: `Tell the value of a trial that you asked for; of a study of several objectives
a value for each, in the order of its metrics. A value of nan or inf makes it a
failed one. With --state fail or --state pruned there is no VALUE.`,
		Example: `  hpsearch tell mine 0 0.42
  hpsearch tell tradeoff 0 -0.42 17.5
  hpsearch tell mine 1 --state fail --message "out of disk"`,
		Args:              app.ArgsFrom("the NAME of a study", "the NUMBER of a trial"),
		ValidArgsFunction: f.TrialNumbers,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.read(cmd, args); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.State, "state", complete, "what became of it: complete, pruned, fail")
	app.CompleteWords(cmd, "state", complete, pruned, fail)
	cmd.Flags().StringVar(&o.Message, "message", "", "why it failed")
	return cmd
}

// Shield returns the arguments of a command line so that flags are not looked
// for in negative numbers: each has a blank in front, which read removes.
func Shield(args []string) []string {
	shielded := slices.Clone(args)
	for i, arg := range shielded {
		if _, err := strconv.ParseFloat(arg, 64); err == nil && strings.HasPrefix(arg, "-") {
			shielded[i] = " " + arg
		}
	}
	return shielded
}

// read checks the arguments.
func (o *Options) read(cmd *cobra.Command, args []string) error {
	var err error
	if o.Number, err = app.TrialNumber(cmd, args[1]); err != nil {
		return err
	}
	o.Name = args[0]
	values := args[2:]
	switch o.State {
	case complete, pruned, fail:
	default:
		return app.Usagef(cmd, "--state %s: use %s, %s or %s", o.State, complete, pruned, fail)
	}
	switch {
	case len(values) == 0 && o.State == complete:
		return app.Usagef(cmd, "%s needs the VALUE of the trial", cmd.CommandPath())
	case len(values) > 0 && o.State != complete:
		return app.Usagef(cmd, "a trial of state %s has no VALUE", o.State)
	case o.Message != "" && o.State != fail:
		return app.Usagef(cmd, "--message is for --state %s", fail)
	}
	for _, text := range values {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return app.Usagef(cmd, "%q is not a number", text)
		}
		o.Values = append(o.Values, v)
	}
	return nil
}

func tell(ctx context.Context, o *Options) error {
	store, stored, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	s, err := study.Open(store, stored, study.Options{Worker: "tell", Detached: true})
	if err != nil {
		return err
	}
	switch o.State {
	case pruned:
		return s.TellPruned(ctx, o.Number)
	case fail:
		return s.TellFailed(ctx, o.Number, search.ReasonError, o.Message)
	}
	if want := len(stored.Definition.Objective.AllMetrics()); len(o.Values) != want {
		return &app.UsageError{Err: fmt.Errorf("study %s: tell one VALUE for each metric (%s), not %d",
			o.Name, strings.Join(stored.Definition.Objective.AllMetrics(), ", "), len(o.Values))}
	}
	return s.Tell(ctx, o.Number, o.Values...)
}

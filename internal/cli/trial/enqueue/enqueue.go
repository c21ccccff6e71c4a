// Package enqueue is the verb "trial enqueue".
package enqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name   string
	Values map[string]string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = enqueue
	}
	return &cobra.Command{
		Use:   "enqueue NAME key=value…",
		Short: "Ask for a configuration to be tried before any other",
		Long: `Ask for a configuration to be tried before any other, and print its number.
Parameters that are left out are suggested when the trial starts.`,
		Example:           "  hpsearch trial enqueue mine learning_rate=2e-5 freeze=none",
		Args:              app.ArgsFrom("the NAME of a study", "at least one key=value"),
		ValidArgsFunction: f.ParamNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := pairs(cmd, args[1:])
			if err != nil {
				return err
			}
			return run(cmd.Context(), &Options{Factory: f, Name: args[0], Values: values})
		},
	}
}

func pairs(cmd *cobra.Command, args []string) (map[string]string, error) {
	values := make(map[string]string, len(args))
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, app.Usagef(cmd, "%q is not key=value", arg)
		}
		if _, twice := values[name]; twice {
			return nil, app.Usagef(cmd, "%s is given twice", name)
		}
		values[name] = value
	}
	return values, nil
}

func enqueue(ctx context.Context, o *Options) error {
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	def := &study.Definition
	entry := make(map[string]any, len(o.Values))
	for name, text := range o.Values {
		entry[name] = parse(def.Space, name, text)
	}
	if problems := studyfile.CheckEntry(entry, def.Space, def.Train); len(problems) > 0 {
		return problemsError(study.Name, problems)
	}
	number, err := store.Enqueue(ctx, study.ID, entry)
	if err != nil {
		return fmt.Errorf("enqueue in study %s: %w", study.Name, err)
	}
	return o.WriteNames("number", view.TrialNumber{Number: number}, strconv.Itoa(number))
}

// parse reads a value as the study file would, unless the parameter has the
// text itself as a choice ("1" in quotes).
func parse(space search.Space, name, text string) any {
	i := slices.IndexFunc(space, func(p search.Param) bool { return p.Name == name })
	if i >= 0 {
		if _, err := space[i].Distribution.Internal(text); err == nil {
			return text
		}
	}
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	return search.Scalar(v)
}

func problemsError(study string, problems []studyfile.EntryProblem) error {
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.Message
		if p.Hint != "" {
			lines[i] += " (" + p.Hint + ")"
		}
	}
	return &app.UsageError{Err: errors.New("study " + study + ": " + strings.Join(lines, "; "))}
}

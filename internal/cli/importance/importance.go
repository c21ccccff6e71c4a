// Package importance is the verb "importance".
package importance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/importance"
)

// enough is the number of complete trials below which importances are little
// more than chance: PED-ANOVA wants five among the best tenth.
const enough = 50

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name   string
	Metric string // one of the study's; empty: its first
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = show
	}
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "importance NAME",
		Short: "Show which parameters matter",
		Long: `Show which parameters matter, as shares that sum to 1, by two methods.

fanova: how much of the variance of the value over the whole space a parameter
explains alone. Not known for conditional parameters.

ped-anova: how much a parameter tells the best tenth of the trials from the
others. This is about doing well, not about the whole space.`,
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Metric, "metric", "", "of a study of several objectives: which one (default: the first)")
	return cmd
}

func show(ctx context.Context, o *Options) error {
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	trials, err := store.Trials(ctx, study.ID, search.TrialQuery{States: []search.State{search.Complete}, After: -1, Brief: true})
	if err != nil {
		return err
	}
	direction, trials, err := o.objective(study, trials)
	if err != nil {
		return err
	}
	if len(trials) < 2 {
		return fmt.Errorf("study %s has %s: importances need at least 2, and better %d", o.Name, render.Count(len(trials), "complete trial"), enough)
	}
	if len(trials) < enough {
		o.Say("Study %s has only %d complete trials: with fewer than %d this is rough.", o.Name, len(trials), enough)
	}
	def := &study.Definition
	return o.Write(view.Importances(study, len(trials),
		importance.FANOVA(def.Space, trials, def.Sampler.Seed),
		importance.PEDANOVA(def.Space, direction, trials)))
}

// objective returns the trials as they are judged by one metric of the study,
// and the direction of that.
func (o *Options) objective(study *search.Study, trials []*search.Trial) (search.Direction, []*search.Trial, error) {
	metrics := study.Definition.Objective.AllMetrics()
	i := 0
	if o.Metric != "" {
		if i = slices.Index(metrics, o.Metric); i < 0 {
			return "", nil, &app.UsageError{Err: fmt.Errorf("--metric %s: study %s has %s", o.Metric, o.Name, strings.Join(metrics, ", "))}
		}
	}
	if !study.Several() {
		return study.Direction(), trials, nil
	}
	if o.Metric == "" {
		o.Say("This is about %s; --metric names another one of %s.", metrics[0], strings.Join(metrics, ", "))
	}
	judged := make([]*search.Trial, len(trials))
	for k, t := range trials {
		one := *t
		one.Values = t.Values[i : i+1]
		judged[k] = &one
	}
	return study.Directions[i], judged, nil
}

package goptunabridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
)

var (
	_ goptuna.Sampler         = (*Adapter)(nil)
	_ goptuna.RelativeSampler = (*Adapter)(nil)
)

// Adapter makes a [search.Sampler] a goptuna.Sampler and a
// goptuna.RelativeSampler. It reads the study's trials anew for every call.
// It is as safe for concurrent use as the sampler and the study's storage.
//
// Give it to a study as both, with goptuna.StudyOptionDefineSearchSpace, to
// have all parameters of a trial suggested together.
type Adapter struct {
	sampler search.Sampler
}

// Adapt returns the adapter of s.
func Adapt(s search.Sampler) *Adapter { return &Adapter{sampler: s} }

// Sample implements goptuna.Sampler: it suggests one parameter by itself.
func (a *Adapter) Sample(study *goptuna.Study, trial goptuna.FrozenTrial, name string, distribution any) (float64, error) {
	params, err := a.suggest(study, trial, map[string]any{name: distribution})
	if err != nil {
		return 0, err
	}
	return params[name], nil
}

// SampleRelative implements goptuna.RelativeSampler: it suggests all
// parameters of the space together. It returns
// goptuna.ErrUnsupportedSearchSpace when the space holds a distribution that
// goptuna does not know.
func (a *Adapter) SampleRelative(study *goptuna.Study, trial goptuna.FrozenTrial, space map[string]any) (map[string]float64, error) {
	params, err := a.suggest(study, trial, space)
	if errors.Is(err, goptuna.ErrUnknownDistribution) {
		return nil, goptuna.ErrUnsupportedSearchSpace // goptuna compares with ==
	}
	return params, err
}

func (a *Adapter) suggest(study *goptuna.Study, trial goptuna.FrozenTrial, distributions map[string]any) (map[string]float64, error) {
	space := make(search.Space, 0, len(distributions))
	for name, distribution := range distributions {
		d, err := fromGoptuna(distribution)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", name, err)
		}
		space = append(space, search.Param{Name: name, Distribution: d})
	}
	slices.SortFunc(space, func(a, b search.Param) int { return cmp.Compare(a.Name, b.Name) })
	h, err := historyOf(study)
	if err != nil {
		return nil, err
	}
	return a.sampler.Suggest(context.Background(), h, trial.Number, space, nil)
}

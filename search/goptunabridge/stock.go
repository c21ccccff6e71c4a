package goptunabridge

import (
	"context"
	"fmt"

	"github.com/c-bata/goptuna"
	"github.com/c-bata/goptuna/tpe"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Sampler = (*Stock)(nil)

// Stock is one of goptuna's own samplers as a [search.Sampler], for comparison
// and for those who want to stay with it. Its suggestions are goptuna's, with
// its faults; mended is only what would crash, hang or leave the range:
// single-valued parameters are not asked for, a panic or an impossible value
// is answered with a uniform draw, and every value is moved to the nearest
// one that the distribution contains. goptuna suggests each parameter by
// itself and may repeat a configuration; Distinct replaces repetitions.
//
// goptuna draws categorical values and the kernels of its TPE from the
// process's global generator: with those, equal seeds do not give equal
// suggestions. It is safe for concurrent use.
type Stock struct {
	name string
	seed int64
	make func(seed int64) goptuna.Sampler
}

// StockOptions are the settings of [NewTPE] and [NewRandom]; the zero value
// has goptuna's defaults.
type StockOptions struct {
	Seed          int64
	StartupTrials int // random trials before the TPE begins; 0 means 10
	Candidates    int // draws that the TPE chooses from; 0 means 24
}

func (o StockOptions) validate() error {
	if o.StartupTrials < 0 || o.Candidates < 0 {
		return fmt.Errorf("startup trials (%d) and candidates (%d) must not be negative", o.StartupTrials, o.Candidates)
	}
	return nil
}

// NewTPE returns goptuna's TPE.
func NewTPE(o StockOptions) (*Stock, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("goptuna-tpe: %w", err)
	}
	return &Stock{name: "goptuna-tpe", seed: o.Seed, make: func(seed int64) goptuna.Sampler {
		options := []tpe.SamplerOption{tpe.SamplerOptionSeed(seed)}
		if o.StartupTrials > 0 {
			options = append(options, tpe.SamplerOptionNumberOfStartupTrials(o.StartupTrials))
		}
		if o.Candidates > 0 {
			options = append(options, tpe.SamplerOptionNumberOfEICandidates(o.Candidates))
		}
		return tpe.NewSampler(options...)
	}}, nil
}

// NewRandom returns goptuna's random sampler; of the options it uses Seed.
func NewRandom(o StockOptions) *Stock {
	return &Stock{name: "goptuna-random", seed: o.Seed, make: func(seed int64) goptuna.Sampler {
		return goptuna.NewRandomSampler(goptuna.RandomSamplerOptionSeed(seed))
	}}
}

// Suggest implements [search.Sampler]. It cannot be interrupted by ctx while
// goptuna computes.
func (s *Stock) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	storage, err := newSnapshot(h, number, space)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	study, err := storage.study()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	trial := goptuna.FrozenTrial{ID: -1, StudyID: snapshotID, Number: number, State: goptuna.TrialStateRunning}
	again := search.Rand(s.seed, number, s.name+"#again")
	return search.Distinct(h, number, space, fixed, again, func(attempt int) (map[string]float64, error) {
		return space.Fill(fixed, func(p search.Param, _ map[string]float64) (float64, error) {
			rng := search.Rand(s.seed, number, fmt.Sprintf("%s#%d/%s", s.name, attempt, p.Name))
			v, err := s.sample(s.make(rng.Int64()), study, trial, p)
			if err != nil || v != v {
				return search.Uniform(rng, p.Distribution), nil
			}
			return search.Nearest(p.Distribution, v), nil
		})
	})
}

// sample calls goptuna and returns its panics as errors.
func (s *Stock) sample(sampler goptuna.Sampler, study *goptuna.Study, trial goptuna.FrozenTrial, p search.Param) (v float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s, parameter %q: %v", s.name, p.Name, r)
		}
	}()
	d, err := toGoptuna(p.Distribution)
	if err != nil {
		return 0, err
	}
	return sampler.Sample(study, trial, p.Name, d)
}

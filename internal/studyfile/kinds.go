package studyfile

import (
	"github.com/hpsearch/hpsearch/search"
)

// samplerKinds and prunerKinds are the valid kinds; the first is the default.
var (
	samplerKinds = []string{"tpe", "random", "goptuna-tpe", "goptuna-random"}
	prunerKinds  = []string{"median", "none"}
)

// sampler reads which sampler suggests; seedGiven tells a seed of 0 from none.
func (r *reader) sampler(m mapping) (spec search.SamplerSpec, seedGiven bool) {
	spec.Kind = samplerKinds[0]
	n := m.get("sampler")
	if n == nil {
		return spec, false
	}
	s, ok := r.known(n, "sampler", "kind", "seed", "startup_trials", "options")
	if !ok {
		return spec, false
	}
	spec.Kind = r.word(s, "kind", samplerKinds[0], samplerKinds...)
	const lowest = -1 << 62
	spec.Seed = r.integer(s, "seed", 0, lowest)
	spec.StartupTrials = int(min(r.integer(s, "startup_trials", 0, 0), 1<<31-1))
	spec.Options = r.options(s)
	return spec, s.get("seed") != nil
}

// pruner reads which pruner ends hopeless trials.
func (r *reader) pruner(m mapping) search.PrunerSpec {
	spec := search.PrunerSpec{Kind: "none"}
	n := m.get("pruner")
	if n == nil {
		return spec
	}
	p, ok := r.known(n, "pruner", "kind", "startup_trials", "warmup_steps", "options")
	if !ok {
		return spec
	}
	spec.Kind = r.word(p, "kind", prunerKinds[0], prunerKinds...)
	spec.StartupTrials = int(min(r.integer(p, "startup_trials", 0, 0), 1<<31-1))
	spec.WarmupSteps = int(min(r.integer(p, "warmup_steps", 0, 0), 1<<31-1))
	spec.Options = r.options(p)
	return spec
}

func (r *reader) options(m mapping) map[string]any {
	n := m.get("options")
	if n == nil {
		return nil
	}
	if _, ok := r.keys(n, "options of "+m.what); !ok {
		return nil
	}
	v, ok := r.value(n, "options of "+m.what)
	if !ok {
		return nil
	}
	options, _ := v.(map[string]any)
	return options
}

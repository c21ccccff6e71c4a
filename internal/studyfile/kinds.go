package studyfile

import (
	"math"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// sampler reads which sampler suggests, and whether its kind and its seed were
// given.
func (r *reader) sampler(m mapping) (spec search.SamplerSpec, kindGiven, seedGiven bool) {
	spec.Kind = kinds.DefaultSampler
	n := m.get("sampler")
	if n == nil {
		return spec, false, false
	}
	s, ok := r.known(n, "sampler", "kind", "seed", "startup_trials", "options")
	if !ok {
		return spec, false, false
	}
	before := len(r.findings)
	spec.Kind = r.word(s, "kind", kinds.DefaultSampler, kinds.SamplerKinds()...)
	spec.Seed = r.integer(s, "seed", 0, math.MinInt64)
	spec.StartupTrials = r.small(s, "startup_trials")
	spec.Options = r.options(s)
	if len(r.findings) == before {
		_, err := kinds.NewSampler(spec)
		r.refused(n, err)
	}
	return spec, s.get("kind") != nil, s.get("seed") != nil
}

// pruner reads which pruner ends hopeless trials.
func (r *reader) pruner(m mapping) search.PrunerSpec {
	spec := search.PrunerSpec{Kind: kinds.DefaultPruner}
	n := m.get("pruner")
	if n == nil {
		return spec
	}
	p, ok := r.known(n, "pruner", "kind", "startup_trials", "warmup_steps", "options")
	if !ok {
		return spec
	}
	before := len(r.findings)
	spec.Kind = r.word(p, "kind", kinds.DefaultPruner, kinds.PrunerKinds()...)
	spec.StartupTrials = r.small(p, "startup_trials")
	spec.WarmupSteps = r.small(p, "warmup_steps")
	spec.Options = r.options(p)
	if len(r.findings) == before {
		_, err := kinds.NewPruner(spec)
		r.refused(n, err)
	}
	return spec
}

// fits refuses a sampler, a pruner and a budget that the objectives leave
// nothing to do for, and parameters that the sampler has no values for.
func (r *reader) fits(m mapping, d *search.Definition) {
	r.refused(m.get("sampler"), kinds.CheckSampler(d.Sampler, &d.Objective))
	checkParam := kinds.ParamCheck(d.Sampler)
	for _, p := range d.Space {
		r.refused(r.params[p.Name], checkParam(p))
	}
	r.refused(m.get("pruner"), kinds.CheckPruner(d.Pruner, &d.Objective))
	r.refused(m.get("budget"), kinds.CheckBudget(d.Budget, &d.Objective))
}

// refused records what the maker of samplers or pruners says about a
// specification, if anything.
func (r *reader) refused(at *yaml.Node, err error) {
	if err != nil {
		r.find(at, "", "%s", err)
	}
}

// small reads a count that may be 0.
func (r *reader) small(m mapping, key string) int {
	v := r.integer(m, key, 0, 0)
	if v > math.MaxInt32 {
		r.find(m.get(key), "", "%s of %s is %d, which is too large", key, m.what, v)
		return 0
	}
	return int(v)
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

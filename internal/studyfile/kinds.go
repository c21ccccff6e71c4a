package studyfile

import (
	"fmt"
	"math"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/internal/spelling"
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
	s, ok := r.component(n, "sampler", "kind", "seed", "startup_trials", "options")
	if !ok {
		return spec, false, false
	}
	before := len(r.findings)
	spec.Kind = r.word(s, "kind", kinds.DefaultSampler, kinds.SamplerKinds()...)
	spec.Seed = r.integer(s, "seed", 0, math.MinInt64)
	spec.StartupTrials = r.small(s, "startup_trials")
	spec.Options = r.options(s, "kind", "seed", "startup_trials")
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
	p, ok := r.component(n, "pruner", "kind", "startup_trials", "warmup_steps", "options")
	if !ok {
		return spec
	}
	before := len(r.findings)
	spec.Kind = r.word(p, "kind", kinds.DefaultPruner, kinds.PrunerKinds()...)
	spec.StartupTrials = r.small(p, "startup_trials")
	spec.WarmupSteps = r.small(p, "warmup_steps")
	spec.Options = r.options(p, "kind", "startup_trials", "warmup_steps")
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

// component reads the mapping of a sampler or a pruner as known does, with a
// word about where an option belongs.
func (r *reader) component(n *yaml.Node, what string, valid ...string) (mapping, bool) {
	m, ok := r.keys(n, what)
	r.keep(&m, valid, func(key string) string {
		hint := suggest(key, valid)
		if spelling.Nearest(key, valid) == "" {
			hint += fmt.Sprintf("; an option of its kind stands under options: {%s: …}", key)
		}
		return hint
	})
	return m, ok
}

// options reads the options of a sampler or a pruner; beside are the keys that
// stand next to them.
func (r *reader) options(m mapping, beside ...string) map[string]any {
	n := m.get("options")
	if n == nil {
		return nil
	}
	given, ok := r.keys(n, "options of "+m.what)
	if !ok {
		return nil
	}
	for _, f := range given.fields {
		if slices.Contains(beside, f.key.Value) {
			r.find(f.key, "write it beside options, not in them", "%s is no option of %s", f.key.Value, m.what)
		}
	}
	v, ok := r.value(n, "options of "+m.what)
	if !ok {
		return nil
	}
	options, _ := v.(map[string]any)
	return options
}

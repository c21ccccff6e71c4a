package studyfile

import (
	"math"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// budget reads the bounds of the study.
func (r *reader) budget(m mapping) search.Budget {
	var b search.Budget
	n := m.get("budget")
	if n == nil {
		return b
	}
	f, ok := r.known(n, "budget", "trials", "parallel", "timeout", "max_failed", "target", "no_improvement", "terminator", "stall_timeout")
	if !ok {
		return b
	}
	b.Trials = r.count(f, "trials")
	b.Parallel = r.count(f, "parallel")
	b.MaxFailed = r.count(f, "max_failed")
	b.Timeout = r.duration(f, "timeout")
	if target, ok := r.number(f, "target"); ok {
		b.Target = &target
	}
	b.NoImprovement = r.count(f, "no_improvement")
	b.StallTimeout = r.duration(f, "stall_timeout")
	b.Terminator = r.terminator(f)
	return b
}

// terminator reads what judges whether more trials are worth their while: its
// kind alone, or a mapping with options.
func (r *reader) terminator(m mapping) *search.TerminatorSpec {
	n := m.get("terminator")
	if n == nil {
		return nil
	}
	before := len(r.findings)
	spec := &search.TerminatorSpec{}
	if n.Kind != yaml.MappingNode {
		spec.Kind = r.word(m, "terminator", kinds.RegretBound, kinds.TerminatorKinds()...)
		return spec
	}
	t, ok := r.known(n, "terminator", "kind", "error", "min_trials", "interval")
	if !ok {
		return nil
	}
	spec.Kind = r.word(t, "kind", kinds.RegretBound, kinds.TerminatorKinds()...)
	if v, given := r.number(t, "error"); given {
		spec.Error = &v
	}
	spec.MinTrials = r.count(t, "min_trials")
	spec.Interval = r.count(t, "interval")
	if len(r.findings) == before {
		_, err := kinds.NewTerminator(spec, 0)
		r.refused(n, err)
	}
	return spec
}

// count reads an integer of at least 1, 0 when it is absent.
func (r *reader) count(m mapping, key string) int {
	n := r.integer(m, key, 0, 1)
	if n > math.MaxInt32 {
		r.find(m.get(key), "leave it out for no bound", "%s of %s is %d, which is too large", key, m.what, n)
		return 0
	}
	return int(n)
}

// duration reads a positive length of time such as 30m, 0 when it is absent.
func (r *reader) duration(m mapping, key string) time.Duration {
	n := m.get(key)
	if n == nil {
		return 0
	}
	const hint = "write it with a unit: 90s, 30m, 1h30m"
	d, err := time.ParseDuration(n.Value)
	switch {
	case err != nil:
		r.find(n, hint, "%s of %s is %s, not a length of time", key, m.what, describe(n))
	case d <= 0:
		r.find(n, hint, "%s of %s must be positive", key, m.what)
		return 0
	}
	return d
}

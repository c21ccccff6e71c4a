package studyfile

import (
	"math"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// budget reads the bounds of the study.
func (r *reader) budget(m mapping) search.Budget {
	var b search.Budget
	n := m.get("budget")
	if n == nil {
		return b
	}
	f, ok := r.known(n, "budget", "trials", "parallel", "timeout", "max_failed", "target", "no_improvement")
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
	return b
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

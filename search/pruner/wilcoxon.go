package pruner

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = (*Wilcoxon)(nil)

// The defaults of [WilcoxonOptions], those of Optuna's WilcoxonPruner.
const (
	DefaultWilcoxonP      = 0.1
	DefaultWilcoxonWarmup = 2
)

// WilcoxonOptions are the settings of a [Wilcoxon]; the zero value has the
// defaults.
type WilcoxonOptions struct {
	// P is the level of the test, in (0, 1]: the probability with which a
	// trial as good as the best one is pruned by a single test. 0 means
	// DefaultWilcoxonP.
	P float64
	// StartupTrials is the number of COMPLETE trials before which nothing is
	// pruned; 0 means 1.
	StartupTrials int
	// WarmupSteps is the number of tasks that both trials must have reported,
	// at least 2. 0 means DefaultWilcoxonWarmup.
	WarmupSteps int
}

// Wilcoxon is for trials that are judged by the mean over a number of tasks
// (instances, folds, seeds) and report the score of task number step as it
// is, in any order. A trial ends when the signed-rank test of Wilcoxon
// ("Individual Comparisons by Ranking Methods", 1945) says that it is worse,
// task by task, than the best COMPLETE trial, and its mean so far is worse
// than that trial's, as in Optuna's WilcoxonPruner.
//
// Tasks that only one of the two has reported are left out of the test. NaN
// counts as the worst of scores. A difference of zero counts half for each
// side (Pratt's ranks with the zeros split). Up to 50 tasks the test is exact, with
// ties as well; beyond, the normal approximation is taken. It is safe for
// concurrent use.
type Wilcoxon struct {
	options WilcoxonOptions
}

// NewWilcoxon returns the rule. It fails when an option is out of range.
func NewWilcoxon(o WilcoxonOptions) (*Wilcoxon, error) {
	err := checkNaturals("wilcoxon", natural{"startup trials", o.StartupTrials}, natural{"warm-up steps", o.WarmupSteps})
	if err != nil {
		return nil, err
	}
	if o.P == 0 {
		o.P = DefaultWilcoxonP
	}
	if !(o.P > 0 && o.P <= 1) {
		return nil, fmt.Errorf("wilcoxon pruner: p %g is not in (0, 1]", o.P)
	}
	o.WarmupSteps = max(2, o.WarmupSteps)
	return &Wilcoxon{options: o}, nil
}

// Prune implements [search.Pruner].
func (w *Wilcoxon) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	d := direction(h)
	leader := leader(h, t, d)
	if leader == nil || count(h, t, search.Complete) < w.options.StartupTrials {
		return false, nil
	}
	var worse []float64 // by how much t is worse, task by task
	for _, r := range t.Intermediate {
		if other, ok := valueAt(leader, r.Step); ok {
			worse = append(worse, shortfall(r.Value, other, d))
		}
	}
	if len(worse) < w.options.WarmupSteps {
		return false, nil
	}
	// A mean that is not worse than the leader's is not cut, whatever the
	// test says: the leader's mean is over tasks that t has yet to see.
	if d == search.Maximize && !(mean(t, d) < mean(leader, d)) || d != search.Maximize && !(mean(t, d) > mean(leader, d)) {
		return false, nil
	}
	return signedRank(worse) < w.options.P, nil
}

// leader returns the best COMPLETE trial that is not t.
func leader(h *search.History, t *search.Trial, d search.Direction) *search.Trial {
	var leader *search.Trial
	for _, other := range h.Trials {
		if other.State != search.Complete || other.Number == t.Number {
			continue
		}
		if leader == nil || d.Better(other.Value(), leader.Value()) {
			leader = other
		}
	}
	return leader
}

// score replaces NaN by the worst of values.
func score(v float64, d search.Direction) float64 {
	switch {
	case !math.IsNaN(v):
		return v
	case d == search.Maximize:
		return math.Inf(-1)
	}
	return math.Inf(1)
}

// shortfall is how much worse a score is than another; equal infinities are 0.
func shortfall(v, other float64, d search.Direction) float64 {
	v, other = score(v, d), score(other, d)
	switch {
	case v == other:
		return 0
	case d == search.Maximize:
		return other - v
	}
	return v - other
}

func mean(t *search.Trial, d search.Direction) float64 {
	sum := 0.0
	for _, r := range t.Intermediate {
		sum += score(r.Value, d)
	}
	return sum / float64(len(t.Intermediate))
}

// exactTasks is the largest number of pairs for which the distribution of the
// signed-rank statistic is counted out.
const exactTasks = 50

// signedRank returns the probability, if differences were as likely to be
// positive as negative, of a sum of positive ranks as large as that of these
// differences. Ranks are of absolute values, the mean rank for ties; zeros
// have ranks too, half of which count as positive.
func signedRank(differences []float64) float64 {
	n := len(differences)
	sorted := slices.Clone(differences)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	// Twice the ranks: whole numbers, though the mean rank of ties may not be.
	doubled := make([]int, n)
	for from := 0; from < n; {
		to := from + 1
		for to < n && math.Abs(sorted[to]) == math.Abs(sorted[from]) {
			to++
		}
		for i := from; i < to; i++ {
			doubled[i] = from + 1 + to // twice the mean of from+1 … to
		}
		from = to
	}
	positive := 0 // twice the sum of the ranks
	ranks := doubled[:0:0]
	for i, d := range sorted {
		switch {
		case d == 0:
			continue
		case d > 0:
			positive += doubled[i]
		}
		ranks = append(ranks, doubled[i])
	}
	if n <= exactTasks {
		return exactTail(ranks, positive)
	}
	return normalTail(ranks, positive)
}

// exactTail returns P(sum of a random half of the ranks >= observed), each
// rank being in or out with probability 1/2.
func exactTail(ranks []int, observed int) float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	p := make([]float64, total+1) // p[s]: the probability of the sum s
	p[0] = 1
	reached := 0
	for _, r := range ranks {
		reached += r
		for s := reached; s >= 0; s-- {
			p[s] /= 2
			if s >= r {
				p[s] += p[s-r] / 2
			}
		}
	}
	tail := 0.0
	for _, v := range p[observed:] {
		tail += v
	}
	return min(tail, 1)
}

// normalTail is exactTail by the normal approximation. The variance of a rank
// that is in or out is a quarter of its square; ties need no correction.
func normalTail(ranks []int, observed int) float64 {
	mean, variance := 0.0, 0.0
	for _, r := range ranks {
		mean += float64(r) / 2
		variance += float64(r) * float64(r) / 4
	}
	if variance == 0 {
		return 1
	}
	return math.Erfc((float64(observed)-mean)/math.Sqrt(2*variance)) / 2
}

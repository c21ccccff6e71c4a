package importance

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hpsearch/hpsearch/search"
)

// The constants of PED-ANOVA, those of Optuna's PedAnovaImportanceEvaluator.
const (
	topQuantile = 0.1   // gamma' of the paper: the trials that count as best
	gridSteps   = 50    // cells of a continuous range
	priorWeight = 1.0   // of the kernel that covers the whole range
	tinyDensity = 1e-12 // keeps quotients of densities finite
)

// PEDANOVA returns the importance of each parameter of the space, in its
// order, for being among the best tenth of the COMPLETE trials (Watanabe et
// al., "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
// Arbitrary Subspaces", IJCAI 2023): the Pearson divergence between the
// densities of the parameter in the best trials and in all of them. That of a
// conditional parameter is weighted by how often it is active among the best
// (Conditional PED-ANOVA, arXiv 2601.20800, theorem 4.2).
//
// With fewer than two trials all are 0.
func PEDANOVA(space search.Space, direction search.Direction, trials []*search.Trial) []Importance {
	all := usable(space, trials)
	importances := make([]Importance, len(space))
	best := top(all, direction)
	for i, p := range space {
		importances[i].Param = p.Name
		if len(all) < 2 || p.Distribution.Single() {
			continue
		}
		of := func(trials []*search.Trial) []float64 {
			var values []float64
			for _, t := range trials {
				if v, ok := t.Params[p.Name]; ok {
					values = append(values, v)
				}
			}
			return values
		}
		inAll, inBest := of(all), of(best)
		if len(inBest) == 0 {
			continue
		}
		share := float64(len(inBest)) / float64(len(best))   // alpha of the theorem
		usual := float64(len(inAll)) / float64(len(all))     // beta
		quantile := float64(len(best)) / float64(len(all))   // gamma'/gamma
		divergence := pearson(p.Distribution, inBest, inAll) // between active trials
		importances[i].Value = share * share / usual * divergence * quantile * quantile
	}
	return normalized(importances)
}

// top returns the trials that are at least as good as the best tenth.
func top(trials []*search.Trial, d search.Direction) []*search.Trial {
	if len(trials) == 0 {
		return nil
	}
	values := make([]float64, len(trials))
	for i, t := range trials {
		values[i] = t.Value()
	}
	slices.Sort(values)
	if d == search.Maximize {
		slices.Reverse(values)
	}
	bar := values[int(math.Ceil(topQuantile*float64(len(values))))-1]
	var best []*search.Trial
	for _, t := range trials {
		if !d.Better(bar, t.Value()) {
			best = append(best, t)
		}
	}
	return best
}

// pearson returns the Pearson divergence of the density of some values from
// that of all.
func pearson(d search.Distribution, some, all []float64) float64 {
	p, q := density(d, some), density(d, all)
	sum := 0.0
	for i := range p {
		top, usual := p[i]+tinyDensity, q[i]+tinyDensity
		sum += usual * (top/usual - 1) * (top/usual - 1)
	}
	return sum
}

// density returns the probabilities of the cells of a grid over d, by a
// kernel at each cell that has values and one over all of the range.
func density(d search.Distribution, values []float64) []float64 {
	counts := gridCounts(d, values)
	var cells []int
	weights := []float64{}
	for cell, n := range counts {
		if n > 0 {
			cells = append(cells, cell)
			weights = append(weights, n)
		}
	}
	total := floats.Sum(weights) + priorWeight
	p := make([]float64, len(counts))
	add := func(weight float64, kernel func(cell int) float64) {
		for cell := range p {
			p[cell] += weight / total * kernel(cell)
		}
	}
	if _, ok := d.(search.Categorical); ok {
		blur := priorWeight / float64(len(cells)+1)
		for i, at := range cells {
			add(weights[i], func(cell int) float64 {
				v := blur
				if cell == at {
					v++
				}
				return v / (1 + blur*float64(len(counts)))
			})
		}
		add(priorWeight, func(int) float64 { return 1 / float64(len(counts)) })
		return p
	}
	width := bandwidth(cells, weights)
	for i, at := range cells {
		add(weights[i], truncatedNormal(float64(at), width, len(counts)))
	}
	add(priorWeight, truncatedNormal(float64(len(counts)-1)/2, float64(len(counts)), len(counts)))
	return p
}

// truncatedNormal returns the probabilities of the cells 0 … cells-1 of a
// normal distribution that is cut off at their outer edges.
func truncatedNormal(mu, sigma float64, cells int) func(cell int) float64 {
	normal := distuv.Normal{Mu: mu, Sigma: sigma}
	whole := normal.CDF(float64(cells)-0.5) - normal.CDF(-0.5)
	return func(cell int) float64 {
		return (normal.CDF(float64(cell)+0.5) - normal.CDF(float64(cell)-0.5)) / whole
	}
}

// bandwidth is Scott's rule for weighted cells (Scott, "Multivariate Density
// Estimation", 1992), with the quartiles taken as Optuna takes them, and at
// least so wide that 90 % of a kernel lie in its cell.
func bandwidth(cells []int, weights []float64) float64 {
	narrowest := 0.5 / 1.64
	total := floats.Sum(weights)
	cumulative := floats.CumSum(make([]float64, len(weights)), weights)
	mean, square := 0.0, 0.0
	for i, cell := range cells {
		mean += weights[i] * float64(cell) / total
	}
	for i, cell := range cells {
		square += weights[i] * (float64(cell) - mean) * (float64(cell) - mean)
	}
	sigma := math.Sqrt(square / math.Max(1, total-1))
	last := len(cells) - 1
	first := slices.IndexFunc(cumulative, func(c float64) bool { return c >= math.Floor(total/4) })
	third := slices.IndexFunc(cumulative, func(c float64) bool { return c > math.Floor(total*3/4) })
	if third < 0 {
		third = last
	}
	quartiles := float64(cells[third] - cells[first])
	return math.Max(narrowest, 1.059*math.Min(quartiles/1.34, sigma)*math.Pow(total, -0.2))
}

// gridCounts counts values by the cells of a grid: choices, integers and steps
// where they are few enough, else gridSteps points from end to end.
func gridCounts(d search.Distribution, values []float64) []float64 {
	var low, high, points float64
	isLog := false
	switch d := d.(type) {
	case search.Categorical:
		counts := make([]float64, len(d.Choices))
		for _, v := range values {
			counts[int(v)]++
		}
		return counts
	case search.Float:
		low, high, isLog, points = d.Low, d.High, d.Log, gridSteps
		if d.Step > 0 {
			points = math.Min(math.RoundToEven((high-low)/d.Step)+1, gridSteps)
		}
	case search.Int:
		low, high, isLog = float64(d.Low), float64(d.High), d.Log
		points = math.Min(math.RoundToEven((high-low)/float64(d.StepSize()))+1, gridSteps)
		if isLog {
			points = math.Min(math.Ceil(math.Log2(high-low+1))+1, gridSteps)
		}
	}
	scale := func(v float64) float64 { return v }
	if isLog && search.LogMatters(low, high) {
		scale = math.Log
	}
	low, high = scale(low), scale(high)
	counts := make([]float64, int(points))
	cell := (high - low) / (points - 1)
	for _, v := range values {
		at := math.Ceil((scale(v)-low)/cell - 0.5)
		counts[int(math.Max(0, math.Min(points-1, at)))]++
	}
	return counts
}

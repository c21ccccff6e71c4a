package meta

import "testing"

// TestMeanOfEqualValues: the mean of equal values is that value to the last
// bit, so that a study whose target is an accuracy of 1 can reach it.
func TestMeanOfEqualValues(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 10, 49, 600} {
		values := make([]float64, n)
		for i := range values {
			values[i] = 1
		}
		if mean, deviation := meanAndError(values); mean != 1 || deviation != 0 {
			t.Errorf("%d values of 1: mean %v, standard error %v", n, mean, deviation)
		}
	}
}

// Equally many hits are the same accuracy, however they are spread over episodes.
func TestShareOfHits(t *testing.T) {
	t.Parallel()
	episode := func(queries int) Episode { return Episode{Query: Examples{Labels: make([]int64, queries)}} }
	for name, c := range map[string]struct {
		hits    []float64
		queries []int
		want    float64
		ok      bool
	}{
		"spread one way":     {[]float64{14, 13, 17, 12, 15}, []int{25, 25, 25, 25, 25}, 0.568, true},
		"spread another way": {[]float64{25, 3, 9, 15, 19}, []int{25, 25, 25, 25, 25}, 0.568, true},
		"all":                {[]float64{3, 3, 3}, []int{3, 3, 3}, 1, true},
		"unequal":            {[]float64{1, 1}, []int{1, 2}, 0, false},
		"no classification":  {nil, []int{2, 2}, 0, false},
	} {
		e := evaluation{hitCounts: c.hits}
		for _, queries := range c.queries {
			e.episodes = append(e.episodes, episode(queries))
		}
		if got, ok := e.shareOfHits(); got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v, want %v, %v", name, got, ok, c.want, c.ok)
		}
	}
}

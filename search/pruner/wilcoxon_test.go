package pruner

import (
	"math"
	"testing"
)

// The expectations are those of scipy 1.17.1:
// scipy.stats.wilcoxon(d, alternative="greater", zero_method="zsplit").
func TestSignedRank(t *testing.T) {
	t.Parallel()
	many := make([]float64, 60)
	for i := range many {
		many[i] = float64(i*37%101 - 44)
	}
	for _, test := range []struct {
		differences []float64
		want        float64
		tolerance   float64
	}{
		{[]float64{1, 2, 3}, 0.125, 1e-12},
		{[]float64{1, -2, 3, 4}, 0.1875, 1e-12},
		{[]float64{0.5, 0.5, -0.5, 1, 2}, 0.125, 1e-12},
		{[]float64{0, 1, 2, -1}, 0.375, 1e-12},
		{[]float64{3, -1, -2, -5, 4, 6, 7, 8.5, -9, 10}, 0.1611328125, 1e-12},
		{[]float64{0, 0, 0}, 1, 1e-12},
		{many, 0.07984233932374679, 1e-12},
	} {
		if got := signedRank(test.differences); math.Abs(got-test.want) > test.tolerance {
			t.Errorf("signedRank(%v) = %v, want %v", test.differences, got, test.want)
		}
	}
	if got := signedRank([]float64{math.Inf(1), 1, 2}); got != 0.125 {
		t.Errorf("with an infinity: %v, want 0.125", got)
	}
}

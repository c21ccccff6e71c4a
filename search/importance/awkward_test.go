package importance

import (
	"fmt"
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// TestAwkward asks for the importance of each kind of distribution beside a
// usual one, with values that no trial should have.
func TestAwkward(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	values := map[string]func(i int) float64{
		"usual":    func(i int) float64 { return float64(i % 7) },
		"equal":    func(int) float64 { return 1 },
		"nan":      func(int) float64 { return math.NaN() },
		"infinite": func(i int) float64 { return []float64{inf, -inf, 0, 1}[i%4] },
		"huge":     func(i int) float64 { return []float64{math.MaxFloat64, -math.MaxFloat64, 5e-324}[i%3] },
	}
	for _, d := range searchtest.Distributions() {
		space := search.Space{{Name: "p", Distribution: d}, {Name: "usual", Distribution: search.Float{Low: 0, High: 1}}}
		for name, value := range values {
			for _, count := range []int{0, 1, 2, 40} {
				i := -1
				trials := uniform(space, count, func(map[string]float64) float64 { i++; return value(i) })
				checkShares(t, fmt.Sprintf("%d %s values, %v", count, name, d), space, trials)
			}
		}
	}
}

// checkShares checks that shares are not negative and sum to 1, or all are 0.
func checkShares(t *testing.T, name string, space search.Space, trials []*search.Trial) {
	t.Helper()
	for method, shares := range map[string][]Importance{
		"fanova":               FANOVA(space, trials, 1),
		"ped-anova":            PEDANOVA(space, search.Minimize, trials),
		"ped-anova, maximized": PEDANOVA(space, search.Maximize, trials),
	} {
		sum := 0.0
		for _, share := range shares {
			if !(share.Value >= 0) {
				t.Errorf("%s, %s: %+v", method, name, shares)
			}
			sum += share.Value
		}
		if len(shares) != len(space) || sum != 0 && math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s, %s: the sum of %+v is %v", method, name, shares, sum)
		}
	}
}

package cube_test

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// Every value keeps its place on the way to the cube and back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, d := range searchtest.Distributions() {
		axis := cube.NewAxis(search.Param{Name: "p", Distribution: d})
		rng := search.Rand(1, 0, "cube")
		for range 200 {
			v := search.Uniform(rng, d)
			u := axis.Unit(v)
			if !(u >= 0 && u <= 1) {
				t.Fatalf("%v: the coordinate of %v is %v", d, v, u)
			}
			back := axis.Value(u)
			if !d.Contains(back) {
				t.Fatalf("%v: %v came back as %v", d, v, back)
			}
			exact := axis.Count <= 1<<20
			if exact && back != v || !exact && math.Abs(axis.Unit(back)-u) > 1e-9 {
				t.Errorf("%v: %v came back as %v", d, v, back)
			}
		}
	}
}

// A uniform coordinate draws every value of a discrete range equally often.
func TestCellsAreEqual(t *testing.T) {
	t.Parallel()
	for _, d := range []search.Distribution{
		search.Int{Low: -3, High: 6},
		search.Float{Low: 0, High: 0.9, Step: 0.1},
		search.Categorical{Choices: []any{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
	} {
		axis := cube.NewAxis(search.Param{Name: "p", Distribution: d})
		counts := make(map[float64]int)
		for k := range 1000 {
			counts[axis.Value((float64(k)+0.5)/1000)]++
		}
		if len(counts) != 10 {
			t.Fatalf("%v: %d values, want 10", d, len(counts))
		}
		for v, n := range counts {
			if n != 100 {
				t.Errorf("%v: %v has a share of %d in 1000", d, v, n)
			}
		}
	}
}

func TestAxesLeaveOutSingles(t *testing.T) {
	t.Parallel()
	axes := cube.Axes(search.Space{
		{Name: "a", Distribution: search.Int{Low: 1, High: 1}},
		{Name: "b", Distribution: search.Float{Low: 0, High: 1}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"x", "y"}}},
	})
	if len(axes) != 2 || axes[0].Name != "b" || axes[1].Choices != 2 || !math.IsInf(axes[0].Count, 1) {
		t.Errorf("axes %+v", axes)
	}
}

func TestCompatible(t *testing.T) {
	t.Parallel()
	xy, yx := search.Categorical{Choices: []any{"x", "y"}}, search.Categorical{Choices: []any{"y", "x"}}
	number := search.Float{Low: 0, High: 1}
	for _, test := range []struct {
		old, now search.Distribution
		v        float64
		want     bool
	}{
		{xy, xy, 1, true},
		{search.Categorical{Choices: []any{"x", "y"}}, xy, 1, true},
		{yx, xy, 1, false},
		{search.Categorical{Choices: []any{"x"}}, xy, 0, false},
		{number, xy, 0, false},
		{xy, number, 0, false},
		{search.Float{Low: -5, High: 5}, number, 0.5, true},
		{search.Float{Low: -5, High: 5}, number, 2, false},
	} {
		if got := cube.Compatible(test.old, test.now, test.v); got != test.want {
			t.Errorf("%v of %v in %v: %t, want %t", test.v, test.old, test.now, got, test.want)
		}
	}
}

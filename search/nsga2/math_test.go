package nsga2

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// Every point stands in the front after that of the last one that dominates
// it.
func TestFronts(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		values := make([][]float64, 40)
		for i := range values {
			values[i] = []float64{float64(rng.IntN(8)), float64(rng.IntN(8)), float64(rng.IntN(8))}
		}
		rank := make(map[int]int)
		for r, front := range fronts(values, span(0, len(values))) {
			for _, i := range front {
				rank[i] = r
			}
		}
		for i := range values {
			want := 0
			for j := range values {
				if dominates(values[j], values[i]) {
					want = max(want, rank[j]+1)
				}
			}
			if got, ok := rank[i]; !ok || got != want {
				t.Fatalf("point %v is in front %d (%t), want %d", values[i], got, ok, want)
			}
		}
	}
}

func TestCrowding(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	values := [][]float64{{0, 10}, {4, 0}, {1, 6}, {3, 2}}
	if diff := cmp.Diff([]float64{inf, inf, 0.75 + 0.8, 0.75 + 0.6}, crowding(values, span(0, 4))); diff != "" {
		t.Errorf("crowding (-want +got):\n%s", diff)
	}
	if got := crowding([][]float64{{1, inf}, {1, 0}, {1, 2}}, span(0, 3)); slices.ContainsFunc(got, math.IsNaN) {
		t.Errorf("crowding %v of infinite and equal values", got)
	}
}

// Of a front that does not fit, those who stand apart survive.
func TestSurvivors(t *testing.T) {
	t.Parallel()
	values := [][]float64{{0, 4}, {1, 3}, {1.1, 2.9}, {2, 2}, {4, 0}, {9, 9}}
	p := survivors(values, span(0, 6), 4)
	slices.Sort(p.members)
	if !slices.Equal(p.members, []int{0, 2, 3, 4}) && !slices.Equal(p.members, []int{0, 1, 3, 4}) {
		t.Errorf("survivors %v", p.members)
	}
	if p = survivors(values, span(0, 6), 9); len(p.members) != 6 || p.rank[5] != 1 {
		t.Errorf("all survive: %+v", p)
	}
}

// Children lie in the cube, on average in the middle of their parents, and
// near them.
func TestBinaryCrossover(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, parents := range [][2]float64{{0.4, 0.6}, {0.6, 0.4}, {0, 1}, {0, 0.001}, {0.3, 0.3}} {
		a, b := parents[0], parents[1]
		const n = 20_000
		sum, far := 0.0, 0
		for range n {
			c := binaryCrossover(rng, a, b, crossoverEta)
			if !(c >= 0 && c <= 1) {
				t.Fatalf("a child of %v at %v", parents, c)
			}
			sum += c
			if min(math.Abs(c-a), math.Abs(c-b)) > 0.25*math.Abs(a-b)+1e-12 {
				far++
			}
		}
		// The bounds of the range bend the mean of parents beside them a little.
		if mean := sum / n; math.Abs(mean-(a+b)/2) > 0.03*math.Abs(a-b)+1e-9 {
			t.Errorf("the mean child of %v is %v", parents, mean)
		}
		if far > n/50 {
			t.Errorf("%d of %d children of %v are far from both", far, n, parents)
		}
	}
}

func TestPolynomial(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	for _, u := range []float64{0, 0.25, 1} {
		const n = 20_000
		sum := 0.0
		for range n {
			v := polynomial(rng, u, mutationEta)
			if !(v >= -1e-12 && v <= 1+1e-12) {
				t.Fatalf("%v became %v", u, v)
			}
			sum += math.Abs(v - u)
		}
		// Far from the bounds |v-u| has the mean 1/(η+2).
		if mean := sum / n; u == 0.25 && math.Abs(mean-1/(mutationEta+2)) > 0.002 {
			t.Errorf("%v moves by %v on average", u, mean)
		}
	}
}

// A discrete value always changes when it is mutated, and stays in range.
func TestMutate(t *testing.T) {
	t.Parallel()
	b := brood{rng: rand.New(rand.NewPCG(9, 10))}
	for _, d := range []search.Distribution{
		search.Int{Low: 1, High: 2}, search.Int{Low: 0, High: 10, Step: 4}, search.Int{Low: 1, High: 1024, Log: true},
		search.Float{Low: 0, High: 1, Step: 0.3}, search.Categorical{Choices: []any{"a", "b", "c"}},
	} {
		axis := cube.NewAxis(search.Param{Name: "p", Distribution: d})
		for range 500 {
			v := search.Uniform(b.rng, d)
			if got := b.mutate(&axis, v); got == v || !d.Contains(got) {
				t.Fatalf("%v: %v became %v", d, v, got)
			}
		}
	}
}

// What only one parent has is inherited from that one.
func TestConditionalParameters(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
		{Name: "a", Distribution: search.Float{Low: 0, High: 1}, When: map[string][]any{"c": {"a"}}},
		{Name: "b", Distribution: search.Float{Low: 0, High: 1}, When: map[string][]any{"c": {"b"}}},
	}
	b := brood{
		genome: newGenome(space), space: space, rng: rand.New(rand.NewPCG(11, 12)),
		members: []*search.Trial{
			{Params: map[string]float64{"c": 0, "a": 0.25}}, {Params: map[string]float64{"c": 1, "b": 0.75}},
		},
		population: population{members: []int{0, 1}, rank: []int{0, 0}, crowding: []float64{1, 1}},
	}
	inherited := 0
	for range 300 {
		child, err := b.child()
		if err != nil {
			t.Fatal(err)
		}
		if child["a"] == 0.25 || child["b"] == 0.75 {
			inherited++
		}
	}
	if inherited < 100 { // two thirds of those with a parent that has it
		t.Errorf("%d of 300 children inherit a conditional value", inherited)
	}
}

package search

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestValueAtAndCardinality(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d    Distribution
		want []float64
	}{
		{Float{Low: 2, High: 2}, []float64{2}},
		{Float{Low: 0, High: 1, Step: 0.3}, []float64{0, 0.3, 0.6, 0.9}},
		{Float{Low: 0, High: 0.3, Step: 0.1}, []float64{0, 0.1, 0.2, 0.3}},
		{Int{Low: -1, High: 1}, []float64{-1, 0, 1}},
		{Int{Low: 1, High: 10, Step: 4}, []float64{1, 5, 9}},
		{Int{Low: 2, High: 4, Log: true}, []float64{2, 3, 4}},
		{Categorical{Choices: []any{"a", "b"}}, []float64{0, 1}},
	} {
		if n := Cardinality(test.d); n != float64(len(test.want)) {
			t.Errorf("%v: cardinality %v, want %d", test.d, n, len(test.want))
		}
		for k, want := range test.want {
			got := ValueAt(test.d, int64(k))
			if math.Abs(got-want) > 1e-12 || !test.d.Contains(got) {
				t.Errorf("%v: value %d is %v, want %v", test.d, k, got, want)
			}
		}
	}
	if n := Cardinality(Float{Low: 0, High: 1}); !math.IsInf(n, 1) {
		t.Errorf("cardinality of a continuous range is %v", n)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		d        Distribution
		in, want float64
	}{
		{Float{Low: 0, High: 1}, 0.4, 0.4},
		{Float{Low: 0, High: 1}, -inf, 0},
		{Float{Low: 0, High: 1}, inf, 1},
		{Float{Low: 0, High: 1}, nan, 0},
		{Float{Low: 0, High: 1, Step: 0.25}, 0.4, 0.5},
		{Float{Low: 0, High: 1, Step: 0.3}, 1, 0.9},
		{Int{Low: 1, High: 9}, 4.4, 4},
		{Int{Low: 1, High: 9}, 100, 9},
		{Int{Low: 1, High: 10, Step: 4}, 10, 9},
		{Int{Low: -1 << 53, High: 1 << 53}, inf, 1 << 53},
		{Categorical{Choices: []any{"a", "b"}}, 7, 1},
		{Categorical{Choices: []any{"a", "b"}}, nan, 0},
	} {
		if got := Nearest(test.d, test.in); math.Abs(got-test.want) > 1e-12 || !test.d.Contains(got) {
			t.Errorf("%v: nearest to %v is %v, want %v", test.d, test.in, got, test.want)
		}
	}
}

// Every value of a finite distribution, both ends included, is drawn as often
// as it should be.
func TestUniformFrequencies(t *testing.T) {
	t.Parallel()
	const draws = 20000
	for _, d := range []Distribution{
		Int{Low: -2, High: 2},
		Int{Low: 1, High: 10, Step: 4},
		Int{Low: 1, High: 4, Log: true},
		Float{Low: 0, High: 1, Step: 0.25},
		Categorical{Choices: []any{"a", "b", "c"}},
	} {
		counts := make(map[float64]int)
		rng := Rand(1, 0, fmt.Sprint(d))
		for range draws {
			counts[Uniform(rng, d)]++
		}
		n := int64(Cardinality(d))
		for k := range n {
			p := 1 / float64(n)
			if i, ok := d.(Int); ok && i.Log {
				v := ValueAt(d, k)
				p = math.Log((v+0.5)/(v-0.5)) / math.Log((float64(i.High)+0.5)/(float64(i.Low)-0.5))
			}
			want, got := p*draws, float64(counts[ValueAt(d, k)])
			if math.Abs(got-want) > 5*math.Sqrt(want) { // five standard deviations
				t.Errorf("%v: %v was drawn %v times of %d, want about %.0f", d, ValueAt(d, k), got, draws, want)
			}
		}
		if len(counts) != int(n) {
			t.Errorf("%v: %d different values were drawn", d, len(counts))
		}
	}
}

func TestUniformLogIsUniformInTheLogarithm(t *testing.T) {
	t.Parallel()
	const draws = 20000
	d := Float{Low: 1e-6, High: 1e-2, Log: true}
	rng := Rand(2, 0, "log")
	var decade [4]int
	for range draws {
		decade[min(3, int(math.Log10(Uniform(rng, d))+6))]++
	}
	for i, n := range decade {
		if math.Abs(float64(n)-draws/4) > 5*math.Sqrt(draws/4) {
			t.Errorf("decade %d was drawn %d times of %d", i, n, draws)
		}
	}
}

func TestValuesStayInside(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e9, 1e9).Draw(t, "low")
		high := rapid.Float64Range(low, 1e9).Draw(t, "high")
		step := rapid.Float64Range(1e-3, 1e9).Draw(t, "step")
		positive := rapid.Float64Range(1e-300, 1e300).Draw(t, "positive")
		whole := rapid.Int64Range(1, 1<<53).Draw(t, "whole")
		rng := Rand(rapid.Int64().Draw(t, "seed"), 0, "")
		for _, d := range []Distribution{
			Float{Low: low, High: high},
			Float{Low: low, High: high, Step: step},
			Float{Low: positive, High: math.Max(positive, math.Abs(high)), Log: true},
			Int{Low: -whole, High: whole, Step: 1 + whole/7},
			Int{Low: 1, High: whole, Log: true},
		} {
			if err := d.Validate(); err != nil {
				t.Fatalf("%v: %v", d, err)
			}
			for _, v := range []float64{
				Uniform(rng, d), Nearest(d, rapid.Float64().Draw(t, "v")), Nearest(d, math.Inf(1)), Nearest(d, math.Inf(-1)),
			} {
				if !d.Contains(v) {
					t.Fatalf("%v does not contain %v", d, v)
				}
			}
		}
	})
}

func TestRand(t *testing.T) {
	t.Parallel()
	// A change here changes every suggestion of every seed.
	if got := Rand(42, 7, "golden").Uint64(); got != 11662291404751188433 {
		t.Errorf("the first draw of (42, 7, golden) is %d", got)
	}
	seen := make(map[uint64]string)
	for seed := range int64(20) {
		for number := range 20 {
			for _, stream := range []string{"", "a", "b"} {
				name := fmt.Sprintf("(%d, %d, %q)", seed, number, stream)
				v := Rand(seed, number, stream).Uint64()
				if other, ok := seen[v]; ok {
					t.Errorf("%s begins like %s", name, other)
				}
				seen[v] = name
			}
		}
	}
}

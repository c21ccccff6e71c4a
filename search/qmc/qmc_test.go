package qmc_test

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/qmc"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	searchtest.Suite{New: func(seed int64) (search.Sampler, error) { return qmc.New(seed), nil }}.Run(t)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	h, err := searchtest.Run(qmc.New(42), searchtest.Mixed(), 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	searchtest.Golden(t, h, "testdata/golden.json")
}

// The first 2^m points of a Sobol sequence hit every one of 2^m equal slices
// of every axis once, scrambled or not, and the first two dimensions are a
// (0, m, 2)-net: so does every division into 2^a by 2^(m-a) boxes.
func TestSobolIsANet(t *testing.T) {
	t.Parallel()
	const m = 10
	for _, seed := range []int64{0, 1, 42} {
		s := qmc.NewSobol(qmc.MaxDimensions, seed)
		points := make([][]float64, 1<<m)
		for i := range points {
			points[i] = make([]float64, qmc.MaxDimensions)
			s.Point(uint32(i), points[i])
		}
		for j := range qmc.MaxDimensions {
			if !filled(points, m, func(p []float64) int { return int(p[j] * (1 << m)) }) {
				t.Errorf("seed %d: the points miss a slice of dimension %d", seed, j)
			}
		}
		for a := range m + 1 {
			if !filled(points, m, func(p []float64) int {
				return int(p[0]*math.Exp2(float64(a)))<<(m-a) + int(p[1]*math.Exp2(float64(m-a)))
			}) {
				t.Errorf("seed %d: the first two dimensions are no net at 2^%d by 2^%d boxes", seed, a, m-a)
			}
		}
	}
}

// filled reports whether each of 1<<m cells holds exactly one point.
func filled(points [][]float64, m int, cell func([]float64) int) bool {
	seen := make([]bool, 1<<m)
	for _, p := range points {
		c := cell(p)
		if seen[c] {
			return false
		}
		seen[c] = true
	}
	return true
}

// The mean over 1,024 points of Π (1 + (xⱼ-½)/j), whose integral is 1, is
// closer than random points come: their standard error is 0.01.
func TestSobolIntegrates(t *testing.T) {
	t.Parallel()
	const n, d = 1024, 8
	s := qmc.NewSobol(d, 3)
	p := make([]float64, d)
	sum := 0.0
	for i := range uint32(n) {
		s.Point(i, p)
		product := 1.0
		for j, x := range p {
			product *= 1 + (x-0.5)/float64(j+1)
		}
		sum += product / n
	}
	if math.Abs(sum-1) > 5e-4 {
		t.Errorf("the integral is %.6f, want 1", sum)
	}
}

package main

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 2, 100}, 3},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestSameWork(t *testing.T) {
	t.Parallel()
	base := result{Torch: "1.13.0", Threads: 2, FirstLoss: 1.6, LastLoss: 1.2}
	for _, c := range []struct {
		name   string
		change func(*result)
		ok     bool
	}{
		{"equal", func(*result) {}, true},
		{"suffix of the version", func(r *result) { r.Torch = "1.13.0a0" }, true},
		{"rounding", func(r *result) { r.LastLoss *= 1 + 1e-6 }, true},
		{"other version", func(r *result) { r.Torch = "1.12.0" }, false},
		{"other threads", func(r *result) { r.Threads = 1 }, false},
		{"other loss", func(r *result) { r.LastLoss = 1.3 }, false},
		{"not a number", func(r *result) { r.LastLoss = math.NaN() }, false},
	} {
		other := base
		c.change(&other)
		if err := sameWork(base, other); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

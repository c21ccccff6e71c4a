package gp

import (
	"testing"

	"github.com/hpsearch/hpsearch/search/searchtest"
)

// In a finite space the search goes on beside the best configuration once
// that has been tried, and does not fall back on chance.
func TestGoesOnBesideWhatWasTried(t *testing.T) {
	t.Parallel()
	o := searchtest.Operations()
	for _, parallel := range []int{1, 8} {
		h, err := searchtest.Run(newSampler(t, Options{Seed: 3}), o, 70, parallel)
		if err != nil {
			t.Fatal(err)
		}
		found, err := searchtest.AmongBest(o, h.Trials, 50)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d pending: %d of the best 50 in %d trials", parallel, found, len(h.Trials))
		if found < 25 {
			t.Errorf("with %d pending, %d of the best 50 configurations were found in %d trials", parallel, found, len(h.Trials))
		}
	}
}

package tpe

import (
	"testing"

	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestGoesOnBesideWhatWasTried(t *testing.T) {
	t.Parallel()
	searchtest.GoesOnBesideTried(t, newSampler(t, Options{Seed: 3}), 21)
}

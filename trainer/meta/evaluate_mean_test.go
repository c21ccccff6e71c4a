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

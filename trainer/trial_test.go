package trainer

import (
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// TestMetricsAreListed holds the names that a study file may name as
// objectives to what trials report.
func TestMetricsAreListed(t *testing.T) {
	t.Parallel()
	for name := range trialMetrics(&meta.Outcome{Memory: 1, Metrics: map[string]float64{"val_loss": 1}}) {
		if !slices.Contains(setting.Metrics(), name) {
			t.Errorf("setting.Metrics does not have %s", name)
		}
	}
}

package pruner_test

import (
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/pruner"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	one, five := 1.0, 5.0
	for name, suite := range map[string]searchtest.PrunerSuite{
		"none": {New: func() (search.Pruner, error) { return pruner.None{}, nil }},
		"median": {Prunes: true, StartupTrials: 4, WarmupSteps: 2, New: func() (search.Pruner, error) {
			return pruner.NewMedian(pruner.MedianOptions{StartupTrials: 4, WarmupSteps: 2})
		}},
		"percentile": {Prunes: true, StartupTrials: 4, WarmupSteps: 2, New: func() (search.Pruner, error) {
			return pruner.NewPercentile(pruner.PercentileOptions{StartupTrials: 4, WarmupSteps: 2})
		}},
		"threshold": {Prunes: true, Undirected: true, StartupTrials: 4, WarmupSteps: 2, New: func() (search.Pruner, error) {
			return pruner.NewThreshold(pruner.ThresholdOptions{Lower: &one, Upper: &five, StartupTrials: 4, WarmupSteps: 2})
		}},
		"patient": {Prunes: true, StartupTrials: 4, WarmupSteps: 2, New: func() (search.Pruner, error) {
			return pruner.NewPatient(pruner.PatientOptions{Patience: 2, MinDelta: 0.5, StartupTrials: 4, WarmupSteps: 2})
		}},
		"patient median": {Prunes: true, StartupTrials: 5, New: func() (search.Pruner, error) {
			median, err := pruner.NewMedian(pruner.MedianOptions{})
			if err != nil {
				return nil, err
			}
			return pruner.NewPatient(pruner.PatientOptions{Patience: 1, Wrapped: median})
		}},
		"asha": {Prunes: true, WarmupSteps: 2, New: func() (search.Pruner, error) {
			return pruner.NewASHA(pruner.ASHAOptions{Reduction: 2, WarmupSteps: 2})
		}},
		"hyperband": {Prunes: true, WarmupSteps: 2, New: func() (search.Pruner, error) {
			return pruner.NewHyperband(pruner.HyperbandOptions{Reduction: 2, WarmupSteps: 2})
		}},
		"wilcoxon": {Prunes: true, StartupTrials: 4, New: func() (search.Pruner, error) {
			return pruner.NewWilcoxon(pruner.WilcoxonOptions{StartupTrials: 4})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite.Run(t)
		})
	}
}

package meta

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

func TestRateAt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		schedule string
		warmup   float64
		want     []float64 // of steps 0, 2, 4, 6, 8 of 8, at a peak of 2
	}{
		{setting.ScheduleLinear, 0, []float64{2, 1.5, 1, 0.5, 0}},
		{setting.ScheduleConstant, 0, []float64{2, 2, 2, 2, 2}},
		{setting.ScheduleCosine, 0, []float64{2, 1 + math.Sqrt2/2, 1, 1 - math.Sqrt2/2, 0}},
		{setting.ScheduleLinear, 0.5, []float64{0, 1, 2, 1, 0}},
		{setting.ScheduleConstant, 0.5, []float64{0, 1, 2, 2, 2}},
		{setting.ScheduleCosine, 0.5, []float64{0, 1, 2, 1, 0}},
	} {
		for i, want := range c.want {
			got, err := rateAt(&setting.Config{Schedule: c.schedule, WarmupRatio: c.warmup, LearningRate: 2}, 2*i, 8)
			if err != nil || math.Abs(got-want) > 1e-12 {
				t.Errorf("%s, warm-up %g, step %d: %g, want %g (%v)", c.schedule, c.warmup, 2*i, got, want, err)
			}
		}
	}
}

// TestSGD: with the outer optimizer sgd reptile's step is that of its paper,
// θ + ε (φ - θ): a rate of 1 takes the weights to the mean of those that the
// tasks reached.
func TestSGD(t *testing.T) {
	b := newCurves()
	changes := map[string]any{
		"algorithm": "reptile", "optimizer": "sgd", "schedule": "constant", "gradient_clip": 0,
		"learning_rate": 1, "warmup_ratio": 0, "iterations": 1, "eval_every": 1, "meta_batch_size": 3,
	}
	want := make(map[string][]float64)
	err := b.with(t, changes, 2, func(x *fixture) error {
		for i := range 3 {
			e, err := x.data.TrainEpisode(i)
			if err != nil {
				return err
			}
			loop := &InnerLoop{Rate: x.config.InnerLR, Steps: x.config.AdaptationSteps, Freeze: setting.InnerSame}
			adapted, err := loop.Adapt(x.s, x.learner, x.data.Inputs(), concat(e.Support, e.Query), 1)
			if err != nil {
				return err
			}
			for _, p := range append(adapted.Network.Params(), adapted.Head.Params()...) {
				values, err := p.Tensor.Float64s()
				if err != nil {
					return err
				}
				if want[p.Name] == nil {
					want[p.Name] = make([]float64, len(values))
				}
				for j, v := range values {
					want[p.Name][j] += v / 3
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range mustTrain(t, b, changes, 2).weights {
		for j, v := range values {
			if math.Abs(float64(v)-want[name][j]) > 1e-5 {
				t.Errorf("%s[%d] is %g, the mean of what the tasks reached %g", name, j, v, want[name][j])
			}
		}
	}
}

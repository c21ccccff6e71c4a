package meta

import (
	"math"

	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// newOptimizer makes the outer optimizer, its state belonging to s.
func newOptimizer(s *tensor.Scope, groups []tensor.Group, c *setting.Config) tensor.Optimizer {
	if c.Optimizer == setting.OptimizerSGD {
		return &clippedSGD{SGD: tensor.NewSGD(s, groups, 0), maxNorm: c.GradientClip}
	}
	o := tensor.NewAdamW(s, groups)
	o.MaxNorm = c.GradientClip
	return o
}

// clippedSGD limits the norm of the gradient, as AdamW does by itself.
type clippedSGD struct {
	*tensor.SGD
	maxNorm float64 // 0: no limit
}

// Step implements [tensor.Optimizer].
func (o *clippedSGD) Step(s *tensor.Scope, lr float64) {
	if o.maxNorm > 0 {
		s.ClipGradNorm(o.Params(), o.maxNorm)
	}
	o.SGD.Step(s, lr)
}

// rateAt returns the learning rate of step (from 0) among total steps. All
// schedules rise linearly over the first warmup_ratio of the steps.
func rateAt(c *setting.Config, step, total int) (float64, error) {
	linear, err := tensor.LinearSchedule(c.LearningRate, c.WarmupRatio, step, total)
	rise := int(math.Ceil(c.WarmupRatio * float64(total)))
	if err != nil || step < rise || c.Schedule == setting.ScheduleLinear {
		return linear, err
	}
	if c.Schedule == setting.ScheduleConstant {
		return c.LearningRate, nil
	}
	progress := float64(step-rise) / float64(max(1, total-rise)) // Loshchilov and Hutter 2017, one period
	return c.LearningRate * (1 + math.Cos(math.Pi*progress)) / 2, nil
}

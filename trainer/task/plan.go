package task

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// Episodes are drawn without end; each is a function of its number, from 0.
type Episodes interface {
	Episode(i int) Episode
}

// A Plan is everything that a run draws from a family. Train episodes and
// batches follow the run's seed; validation and test episodes follow the
// family's split_seed, and are thus the same in every trial of a study.
type Plan struct {
	Family *Family // nil for a generated one, which has no Split either
	Split  Split
	// Scale is that of the values of a regression that was read.
	Scale Scale
	// Train draws the episodes of episodic algorithms; Joint the batches of
	// joint. The other one is nil.
	Train Episodes
	Joint *Batcher
	// Validation and Test draw episodes from unseen tasks or classes. An
	// algorithm adapts to the support part and is measured on the query part.
	Validation Episodes
	Test       Episodes
}

// NewPlan draws the split, unless the configuration brings it, and checks
// that the family has enough classes and examples for what is configured.
// seed is the run's: Config.Seed, or the trial's own where that was not set.
// f is nil for families that are generated.
func NewPlan(f *Family, c *setting.Config, seed int64) (*Plan, error) {
	if c.Tasks.Kind == setting.KindSinusoid {
		return NewSinusoid(c, seed).plan(), nil
	}
	p, err := newPlan(f, c, seed)
	if err != nil {
		return nil, fmt.Errorf("planning the tasks: %w", err)
	}
	return p, nil
}

func newPlan(f *Family, c *setting.Config, seed int64) (*Plan, error) {
	p := &Plan{Family: f, Split: c.Split}
	var err error
	if p.Split == nil {
		if p.Split, err = DrawSplit(f, c.Tasks.Fractions, c.Tasks.SplitSeed); err != nil {
			return nil, err
		}
	}
	shape := Shape{Ways: c.EvalWays, Shots: c.EvalShots, QueryShots: c.QueryShots}
	validation, err := newSampler(f, p.Split, Validation, shape, c.Tasks.SplitSeed)
	if err != nil {
		return nil, err
	}
	test, err := newSampler(f, p.Split, Test, shape, c.Tasks.SplitSeed)
	if err != nil {
		return nil, err
	}
	p.Scale, p.Validation, p.Test = f.scale(p.Split), validation, test
	// What all parts lack is said at once.
	if err := shortages(enough(validation, test), p.training(c, seed)); err != nil {
		return nil, err
	}
	return p, nil
}

// training adds what the algorithm draws from meta-training.
func (p *Plan) training(c *setting.Config, seed int64) error {
	if c.Algorithm == setting.Joint && !c.ByGradient() {
		tasks, err := JointTasks(p.Family, p.Split, c.Ways, c.Tasks.SplitSeed)
		if err != nil {
			return err
		}
		p.Joint, err = NewBatcher(tasks, c.BatchSize, c.MetaBatchSize, seed)
		return err
	}
	train, err := NewSampler(p.Family, p.Split, Train, Shape{Ways: c.Ways, Shots: c.Shots, QueryShots: c.QueryShots}, seed)
	if err != nil {
		return err
	}
	p.Train = train
	return nil
}

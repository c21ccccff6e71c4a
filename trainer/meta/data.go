package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
)

// Examples are inputs with what is to be learned about them.
type Examples struct {
	Inputs  []int     // indices into the family's [Inputs]
	Labels  []int64   // of classification: from 0 to the number of classes - 1
	Targets []float32 // of regression
}

// An Episode is a task as an [Algorithm] sees it: learn from Support, be
// measured on Query.
type Episode struct {
	Outputs        int // of the head: classes, 1 in regression, 0 in generation
	Support, Query Examples
}

// Data is what one training draws from: a plan of tasks and their inputs.
type Data struct {
	config *setting.Config
	plan   *task.Plan
	inputs Inputs
	noise  *noise // the same as inputs; nil: none is wanted
}

// NewData draws the plan of a run with the given seed.
func NewData(family *task.Family, inputs Inputs, config *setting.Config, seed int64) (*Data, error) {
	plan, err := task.NewPlan(family, config, seed)
	if err != nil {
		return nil, err
	}
	d := &Data{config: config, plan: plan, inputs: inputs}
	corpus, isText := inputs.(*Corpus)
	if isText && plan.Joint != nil {
		plan.Joint = plan.Joint.ByLength(corpus.Length)
	}
	if isText && (config.TokenDropout > 0 || config.TokenMask > 0) {
		if d.noise, err = newNoise(corpus, config); err != nil {
			return nil, err
		}
		d.inputs = d.noise
	}
	return d, nil
}

// Inputs returns the inputs that examples are indices into.
func (d *Data) Inputs() Inputs { return d.inputs }

// Scale returns how the values of a regression are scaled; the zero value
// where they are not.
func (d *Data) Scale() task.Scale { return d.plan.Scale }

// TrainEpisode returns meta-training episode i, from 0 and without end.
func (d *Data) TrainEpisode(i int) (Episode, error) {
	if d.plan.Train == nil {
		return Episode{}, fmt.Errorf("algorithm %s draws no episodes", d.config.Algorithm)
	}
	return toEpisode(d.plan.Train.Episode(i)), nil
}

// Joint returns the batches of joint training, nil for other algorithms.
func (d *Data) Joint() *task.Batcher { return d.plan.Joint }

// Episodes returns the episodes of meta-validation or meta-test, which are
// the same in every trial of a study.
func (d *Data) Episodes(role string) ([]Episode, error) {
	sampler, n := d.plan.Validation, d.config.EvalEpisodes
	switch role {
	case task.Validation:
	case task.Test:
		sampler, n = d.plan.Test, d.config.TestEpisodes
	default:
		return nil, fmt.Errorf("no fixed episodes for %q", role)
	}
	episodes := make([]Episode, n)
	for i := range episodes {
		episodes[i] = toEpisode(sampler.Episode(i))
	}
	return episodes, nil
}

// EvalEvery returns the number of steps between validations.
func (d *Data) EvalEvery() int {
	if d.config.EvalEvery > 0 {
		return d.config.EvalEvery
	}
	return d.plan.Joint.StepsPerEpoch()
}

func toEpisode(e task.Episode) Episode {
	outputs := len(e.Classes)
	switch {
	case e.Support.Values != nil:
		outputs = 1
	case e.Support.Labels == nil: // generation
		outputs = 0
	}
	return Episode{Outputs: outputs, Support: toExamples(e.Support), Query: toExamples(e.Query)}
}

func toExamples(set task.Set) Examples {
	e := Examples{Inputs: set.Examples, Targets: set.Values}
	if set.Labels == nil {
		return e
	}
	e.Labels = make([]int64, len(set.Labels))
	for i, l := range set.Labels {
		e.Labels[i] = int64(l)
	}
	return e
}

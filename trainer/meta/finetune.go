package meta

import (
	"fmt"
	"math"
	"time"

	"github.com/hpsearch/hpsearch/trainer/freeze"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// finetune is the baseline that does without meta-training: every task is
// learned from the model as it is, by fine-tuning of its own with the outer
// loop's settings: AdamW, learning_rate and its schedule, freeze, dropout,
// batch_size, for adaptation_steps. One validation is its whole training.
type finetune struct{ Setup }

func newFinetune(_ *tensor.Scope, setup Setup) (Algorithm, error) { return &finetune{setup}, nil }

func (f *finetune) Params() []model.Param { return nil }

// Steps implements [Algorithm]: the one step is the validation.
func (f *finetune) Steps() int { return 1 }

// Step implements [Algorithm]: nothing is meta-trained.
func (f *finetune) Step(*tensor.Scope, int) (*tensor.Tensor, error) { return nil, nil }

// Adapter implements [Algorithm].
func (f *finetune) Adapter() Adapter { return f.tuner() }

func (f *finetune) tuner() *tuner { return &tuner{config: f.Config, seed: f.Seed} }

// measure is [Train] for this algorithm: one validation, and no checkpoint,
// for there is nothing to take up.
func (f *finetune) measure(s *tensor.Scope, validation []Episode, opts Options) (*Outcome, error) {
	start := time.Now()
	defer func(before <-chan struct{}) { f.Learner.Stopped = before }(f.Learner.Stopped)
	f.Learner.Stopped = opts.Stopped
	outcome := &Outcome{Value: math.NaN(), Step: 1, Steps: 1}
	tensor.ResetPeakMemory(f.Learner.Device())
	t := f.tuner()
	m, err := Evaluate(s, t, f.Learner, f.Data.Inputs(), validation)
	if err != nil {
		return nil, err
	}
	if math.IsNaN(m.Loss) || math.IsInf(m.Loss, 0) {
		return nil, fmt.Errorf("%w: fine-tuning the validation tasks gave a mean loss of %g; try a lower learning_rate", ErrDiverged, m.Loss)
	}
	outcome.Memory, _ = tensor.PeakMemory(f.Learner.Device())
	outcome.StepTime = t.stepping / time.Duration(max(1, t.steps))
	outcome.Metrics = m.Metrics()
	outcome.Value = outcome.Metrics[opts.Config.Metric]
	outcome.Trained, err = f.trained(s)
	if err != nil {
		return nil, err
	}
	if opts.Hooks.Report != nil {
		opts.Hooks.Report(1, outcome.Metrics)
	}
	if opts.Hooks.Progress != nil {
		opts.Hooks.Progress(1, 1)
	}
	outcome.Duration = time.Since(start)
	return outcome, nil
}

// trained counts the numbers that the fine-tuning of a task trains.
func (f *finetune) trained(s *tensor.Scope) (n int64, err error) {
	err = s.Run(func(s *tensor.Scope) error {
		plan, err := freeze.New(s, copied(s, f.Learner.Network), f.Config, f.Config.AdaptationSteps)
		if err != nil {
			return err
		}
		for _, p := range plan.Params() {
			n += p.Tensor.Numel()
		}
		return nil
	})
	outputs := int64(0)
	if f.Config.Tasks.Type != setting.Generation {
		outputs = int64(f.Config.Outputs())
	}
	return n + outputs*(f.Learner.Network.Features()+1), err
}

// copied returns the network with weights of its own.
func copied(s *tensor.Scope, network model.Network) model.Network {
	params := network.Params()
	tensors := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		tensors[i] = s.Clone(p.Tensor)
	}
	return network.With(tensors)
}

// A tuner learns a task by fine-tuning.
type tuner struct {
	config *setting.Config
	seed   int64

	steps    int           // made so far
	stepping time.Duration // spent in them
}

// Adapt implements [Adapter]. The head starts at zero: it prefers no class,
// and there is nothing to draw.
func (t *tuner) Adapt(s *tensor.Scope, l *Learner, inputs Inputs, support Examples, outputs int) (*Learner, error) {
	network := copied(s, l.Network)
	tensor.Seed(mix(t.seed, freezeStream))
	steps := t.config.EvalAdaptationSteps
	plan, err := freeze.New(s, network, t.config, steps)
	if err != nil {
		return nil, err
	}
	tuned := *l
	tuned.Network = plan.Network()
	if l.Type != setting.Generation {
		tuned.Head = zeroHead(s, outputs, network)
	}
	var x *tensor.Tensor // the vectors, of a strategy that trains the head alone
	if len(plan.Params()) == 0 && l.Type != setting.Generation {
		if x, err = tuned.EmbedAll(s, inputs, support.Inputs); err != nil {
			return nil, err
		}
	}
	optimizer := newOptimizer(s, plan.Groups(tuned.Head.Params(), t.config), t.config)
	defer func(start time.Time) { t.stepping += time.Since(start) }(time.Now())
	for step := range steps {
		if l.stopRequested() {
			return nil, ErrStopped
		}
		if plan.Changes(step) {
			plan.Advance(s, step)
		}
		if err := t.step(s, &tuned, optimizer, inputs, x, support, step); err != nil {
			return nil, err
		}
		t.steps++
	}
	plan.Finish(s)
	tuned.Network = network
	return &tuned, s.Err()
}

// step makes one step of fine-tuning on some of the support examples, whose
// vectors are x if it is not nil.
func (t *tuner) step(s *tensor.Scope, l *Learner, optimizer tensor.Optimizer, inputs Inputs, x *tensor.Tensor, support Examples, step int) error {
	rate, err := rateAt(t.config, step, t.config.EvalAdaptationSteps)
	if err != nil {
		return err
	}
	tensor.Seed(mix(t.seed, int64(step)))
	positions := batchOf(t.seed, step, t.config.BatchSize, len(support.Inputs), func(i int) int { return inputs.Length(support.Inputs[i]) })
	batch, mode := support.Pick(positions), model.Mode{Dropout: t.config.Dropout}
	return s.Run(func(inner *tensor.Scope) error {
		inner.ZeroGrad(optimizer.Params())
		if x == nil {
			inner.Backward(l.Loss(inner, inputs, batch, mode))
		} else {
			inner.Backward(inner.Mean(lossEach(inner, l.Type, l.Head.Apply(inner, inner.Dropout(rowsAt(inner, x, positions), mode.Dropout)), batch)))
		}
		optimizer.Step(inner, rate)
		inner.ZeroGrad(optimizer.Params())
		return inner.Err()
	})
}

func zeroHead(s *tensor.Scope, outputs int, network model.Network) Head {
	n, device := int64(outputs), network.Device()
	h := Head{
		Weight: s.Zeros(tensor.Float32, device, n, network.Features()),
		Bias:   s.Zeros(tensor.Float32, device, n),
	}
	s.SetRequiresGrad(h.Weight, true)
	s.SetRequiresGrad(h.Bias, true)
	return h
}

package meta

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/freeze"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Errors that end a training, told apart with errors.Is.
var (
	// ErrStopped: the caller asked for it; a checkpoint was written.
	ErrStopped = errors.New("training was stopped")
	// ErrDiverged: a loss is not finite, or 100 times the larger of the first
	// one and the loss of a guess.
	ErrDiverged = errors.New("training diverged")
)

// divergence is the multiple of the first loss at which training is given up.
const divergence = 100

// lossWindow is the number of steps between looks at the training loss: each
// look waits for the device.
const lossWindow = 50

// Hooks are called by [Train] on its own goroutine. Any may be nil.
type Hooks struct {
	// Report gets the metrics of each validation: val_loss, val_accuracy and
	// train_loss. step counts finished steps.
	Report func(step int, metrics map[string]float64)
	// Progress is called after every step.
	Progress func(step, total int)
	// Checkpoint is called when a checkpoint is complete on disk.
	Checkpoint func(step int, path string)
	// AfterStep may change parameters after the optimizer did; pruning
	// keeps its zeros by it.
	AfterStep func(s *tensor.Scope)
}

// Options say how [Train] runs.
type Options struct {
	Config  *setting.Config
	Seed    int64
	Dir     string          // where checkpoints go and are looked for; "": nowhere
	Stopped <-chan struct{} // closed when training should stop; nil: never
	Prefix  PrefixCache
	Hooks   Hooks
}

// An Outcome is the best validation of a training.
type Outcome struct {
	Value   float64            // of the configured metric
	Step    int                // at which it was measured
	Metrics map[string]float64 // of that validation
	Steps   int                // made in all
	Resumed int                // step at which a checkpoint was taken up; 0: none
	Trained int64              // numbers that were trained
	// What it took, those calls included that this one goes on from.
	Duration time.Duration
	StepTime time.Duration // mean of the steps, without validations, or of those of a task's fine-tuning; 0: there were none
	Memory   int64         // most bytes of tensors at a time, on the learner's device; 0: not known
}

// Train trains a learner and leaves it with the weights of its best
// validation. On the CPU, with one number of threads, everything is a
// function of the seed, the configuration and the data, whether or not the
// training was stopped and resumed in between.
func Train(root *tensor.Scope, a Algorithm, l *Learner, data *Data, opts Options) (*Outcome, error) {
	start := time.Now()
	validation, err := data.Episodes(task.Validation)
	if err != nil {
		return nil, err
	}
	if f, ok := a.(*finetune); ok {
		return f.measure(root, validation, opts)
	}
	tensor.Seed(mix(opts.Seed, freezeStream))
	plan, err := freeze.New(root, l.Network, opts.Config, a.Steps())
	if err != nil {
		return nil, err
	}
	head := slices.Concat(l.Projection.Params(), a.Params())
	if len(head) == 0 && plan.Begins() != 0 {
		return nil, fmt.Errorf("freeze %s leaves nothing to train at first: %s puts no head on the network", opts.Config.Freeze, opts.Config.Algorithm)
	}
	outcome := &Outcome{Value: math.NaN()}
	defer func(network model.Network, stopped <-chan struct{}) {
		l.Network, l.Stopped = network, stopped
	}(l.Network, l.Stopped)
	l.Network, l.Stopped = plan.Network(), opts.Stopped
	apart := newDivision(l, data, opts.Config, opts.Prefix)
	defer apart.end()
	tensor.ResetPeakMemory(l.Device())
	err = root.Run(func(s *tensor.Scope) error {
		r := &run{
			Options: opts, algorithm: a, learner: l, data: data, validation: validation, plan: plan, apart: apart,
			trained: slices.Concat(plan.Params(), head), outcome: outcome, total: a.Steps(),
			optimizer: newOptimizer(s, plan.Groups(head, opts.Config), opts.Config), started: start,
		}
		r.kept = slices.Concat(r.trained, model.Buffers(l.Network))
		return r.train(s)
	})
	if err != nil {
		return nil, err
	}
	return outcome, nil
}

// freezeStream separates the draws of a freezing strategy from those of the
// steps.
const freezeStream = -2

// A run is the state of one call of Train.
type run struct {
	Options
	algorithm  Algorithm
	learner    *Learner
	data       *Data
	validation []Episode
	plan       *freeze.Plan
	apart      *division
	trained    []model.Param // at any step
	kept       []model.Param // by checkpoints: trained, and the network's buffers
	optimizer  tensor.Optimizer
	outcome    *Outcome
	total      int

	// What a checkpoint keeps beside tensors.
	position  int     // finished steps
	validated int     // position of the last validation
	firstLoss float64 // of training; NaN until known
	stale     int     // validations since the best one
	lossSum   float64 // over the steps since the last validation
	lossCount int
	reports   []report

	started time.Time
	spent   spent            // Total and Memory by calls before this one
	pending []*tensor.Tensor // losses that were not read yet
	best    []*tensor.Tensor // copies of kept at the best validation

	saving     saving
	bestOnDisk int // step whose weights BestFile has; 0: none, or not known
}

func (r *run) train(s *tensor.Scope) error {
	r.firstLoss = math.NaN()
	r.saving.last = time.Now()
	for _, p := range r.trained {
		r.outcome.Trained += p.Tensor.Numel()
	}
	if err := r.resume(s); err != nil {
		return err
	}
	r.plan.Advance(s, r.position)
	// A validation that is due is of what the last step trained.
	if err := r.divide(s, max(0, r.position-1)); err != nil {
		return err
	}
	for !r.finished() {
		if r.stopRequested() {
			return r.stop(s)
		}
		if err := r.advance(s); err != nil {
			return err
		}
	}
	r.outcome.Steps = r.position
	if err := r.restoreBest(s); err != nil {
		return err
	}
	r.plan.Finish(s)
	took := r.soFar()
	r.outcome.Duration, r.outcome.Memory = took.Total, took.Memory
	r.outcome.StepTime = took.Steps / time.Duration(max(1, took.Made))
	return s.Err()
}

// spent is what a training has taken.
type spent struct {
	Total  time.Duration `json:"total"`
	Steps  time.Duration `json:"steps"` // in steps, without validations
	Made   int           `json:"made"`  // steps that took Steps
	Memory int64         `json:"memory,omitempty"`
}

// soFar returns what this call and those before it have taken.
func (r *run) soFar() spent {
	all := r.spent
	all.Total += time.Since(r.started)
	peak, _ := tensor.PeakMemory(r.learner.Device())
	all.Memory = max(all.Memory, peak)
	return all
}

// divide puts apart what is frozen at a step. Where tasks are learned by
// gradient descent that is only what no step trains: an inner loop may take hold
// of what the outer one trains later.
func (r *run) divide(s *tensor.Scope, step int) error {
	if r.Config.ByGradient() {
		return r.apart.at(s, r.plan.Prefix())
	}
	return r.apart.at(s, r.plan.PrefixAt(step))
}

// finished reports whether the last step was validated, or patience is at an
// end.
func (r *run) finished() bool {
	patience := r.Config.EarlyStopping
	return r.validated == r.total || patience > 0 && r.stale >= patience
}

// advance validates if that is due, and makes a step otherwise.
func (r *run) advance(s *tensor.Scope) error {
	if r.due() {
		err := r.validate(s)
		if errors.Is(err, ErrStopped) {
			return r.stop(s) // the next call begins with this validation
		}
		return err
	}
	defer func(start time.Time) { r.spent.Steps += time.Since(start) }(time.Now())
	if err := r.step(s); err != nil {
		return fmt.Errorf("step %d: %w", r.position+1, err)
	}
	r.spent.Made++
	if len(r.pending) >= lossWindow {
		return r.readLosses(s) // waits for the device: its time is that of the steps
	}
	return nil
}

// due reports whether the step that was made last is to be validated.
func (r *run) due() bool {
	return r.position > r.validated && (r.position%r.data.EvalEvery() == 0 || r.position == r.total)
}

func (r *run) stopRequested() bool {
	select {
	case <-r.Stopped:
		return true
	default:
		return false
	}
}

// stop writes a checkpoint so that the next call goes on from here.
func (r *run) stop(s *tensor.Scope) error {
	if err := r.readLosses(s); err != nil {
		return err
	}
	if err := r.save(s); err != nil {
		return err
	}
	return ErrStopped
}

func (r *run) step(s *tensor.Scope) error {
	rate, err := rateAt(r.Config, r.position, r.total)
	if err != nil {
		return err
	}
	if r.plan.Changes(r.position) {
		r.plan.Advance(s, r.position)
	}
	if err := r.divide(s, r.position); err != nil {
		return err
	}
	tensor.Seed(mix(r.Seed, int64(r.position)))
	r.data.beginStep(mix(r.Seed, int64(r.position)))
	defer r.data.endStep()
	err = s.Run(func(inner *tensor.Scope) error {
		params := r.optimizer.Params()
		inner.ZeroGrad(params)
		loss, err := r.algorithm.Step(inner, r.position)
		if err != nil {
			return err
		}
		r.optimizer.Step(inner, rate)
		inner.ZeroGrad(params)
		if r.Hooks.AfterStep != nil {
			r.Hooks.AfterStep(inner)
		}
		if loss != nil {
			r.pending = append(r.pending, inner.Move(loss, s))
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.position++
	if r.Hooks.Progress != nil {
		r.Hooks.Progress(r.position, r.total)
	}
	return nil
}

// readLosses waits for the device, adds the pending losses up and looks for
// divergence.
func (r *run) readLosses(s *tensor.Scope) error {
	if len(r.pending) == 0 {
		return nil
	}
	first := r.position - len(r.pending) + 1
	var losses []float64
	err := s.Run(func(inner *tensor.Scope) error {
		flat := make([]*tensor.Tensor, len(r.pending))
		for i, l := range r.pending {
			flat[i] = inner.Reshape(inner.Detach(l), 1)
		}
		all := inner.Cat(0, flat...)
		if inner.Err() != nil {
			return nil
		}
		var err error
		losses, err = all.Float64s()
		return err
	})
	if err != nil {
		return err
	}
	for _, l := range r.pending {
		s.Free(l)
	}
	r.pending = r.pending[:0]
	for i, loss := range losses {
		if math.IsNaN(r.firstLoss) {
			r.firstLoss = loss
		}
		if err := r.checkLoss("training", loss, first+i); err != nil {
			return err
		}
		r.lossSum += loss
		r.lossCount++
	}
	return nil
}

func (r *run) checkLoss(which string, loss float64, step int) error {
	// Tasks differ in difficulty: a first loss near 0 says nothing about the
	// next. What a guess costs, the logarithm of the number of classes, is the
	// least that is multiplied.
	guess := math.Log(float64(max(2, r.Config.Ways)))
	limit := divergence * math.Max(r.firstLoss, guess)
	if math.IsNaN(loss) || math.IsInf(loss, 0) || loss > limit {
		return fmt.Errorf("%w: %s loss %.4g at step %d (the first was %.4g); try a lower learning_rate or a smaller gradient_clip",
			ErrDiverged, which, loss, step, r.firstLoss)
	}
	return nil
}

func (r *run) validate(s *tensor.Scope) error {
	if err := r.readLosses(s); err != nil {
		return err
	}
	m, err := Evaluate(s, r.algorithm.Adapter(), r.learner, r.data.Inputs(), r.validation)
	if err != nil {
		return err
	}
	metrics := m.Metrics()
	if r.lossCount > 0 {
		metrics["train_loss"] = r.lossSum / float64(r.lossCount)
	}
	r.lossSum, r.lossCount, r.validated = 0, 0, r.position
	if err := r.checkLoss("validation", m.Loss, r.position); err != nil {
		return err
	}
	value := metrics[r.Config.Metric]
	if r.improves(value) {
		r.outcome.Value, r.outcome.Step, r.outcome.Metrics, r.stale = value, r.position, metrics, 0
		r.keepBest(s)
	} else {
		r.stale++
	}
	// A checkpoint is written first: a worker that prunes on the report
	// may end this process.
	r.reports = append(r.reports, report{Step: r.position, Metrics: protocol.Metrics(metrics)})
	if err := r.saveIfDue(s); err != nil {
		return err
	}
	if r.Hooks.Report != nil {
		r.Hooks.Report(r.position, metrics)
	}
	return s.Err()
}

func (r *run) improves(value float64) bool {
	best := r.outcome.Value
	if math.IsNaN(best) {
		return !math.IsNaN(value)
	}
	if r.Config.Metric == "val_accuracy" {
		return value > best
	}
	return value < best
}

// keepBest copies the trained parameters and the buffers.
func (r *run) keepBest(s *tensor.Scope) {
	if r.best == nil {
		for _, p := range r.kept {
			r.best = append(r.best, s.Clone(p.Tensor))
		}
		return
	}
	for i, p := range r.kept {
		s.Copy(r.best[i], p.Tensor)
	}
}

func (r *run) restoreBest(s *tensor.Scope) error {
	for i := range r.best {
		s.Copy(r.kept[i].Tensor, r.best[i])
	}
	return s.Err()
}

// mix derives the seed of one step (SplitMix64's finalizer, Steele, Lea and
// Flood 2014), so that the draws of a step do not depend on those before it.
func mix(seed, step int64) int64 {
	z := uint64(seed) + uint64(step+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int64(z ^ z>>31)
}

package meta

import (
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// An InnerLoop learns a task by some steps of gradient descent from the
// weights of a learner (Finn, Abbeel and Levine 2017).
type InnerLoop struct {
	Rate   float64
	Steps  int
	Freeze setting.InnerFreeze

	batch   int            // examples of a step; 0: all
	seed    int64          // of the batches
	between func(*Learner) // called between two steps, if it is there
}

// An order says what of the way from a learner's weights to those that an
// inner loop reaches can be differentiated.
type order int

const (
	// plain weights are leaves of the graph: nothing.
	plain order = iota
	// firstOrder weights are the learner's minus steps that count as
	// constants.
	firstOrder
	// secondOrder weights are differentiable through the steps.
	secondOrder
)

// Adapt implements [Adapter].
func (in *InnerLoop) Adapt(s *tensor.Scope, l *Learner, inputs Inputs, support Examples, outputs int) (*Learner, error) {
	return in.learn(s, l, inputs, []Examples{support}, outputs, plain, model.Mode{})
}

// together reports whether the loop can learn several tasks at once.
func (in *InnerLoop) together(l *Learner) bool {
	if l.Type == setting.Generation || l.Projection != nil || model.DependsOnBatch(l.Network) {
		return false
	}
	_, ok := l.Network.(model.TaskNetwork)
	return ok || in.headOnly(l)
}

// headOnly reports whether the head alone is adapted: vectors stay the same
// from step to step then.
func (in *InnerLoop) headOnly(l *Learner) bool {
	return !l.Head.IsNone() && !slices.ContainsFunc(l.Network.Params(), in.adapts)
}

// adapts reports whether the loop changes a parameter of the network.
func (in *InnerLoop) adapts(p model.Param) bool {
	switch in.Freeze {
	case setting.InnerHead:
		return false
	case setting.InnerSame:
		return p.Tensor.RequiresGrad()
	}
	// A step of W is one of W + B A: what is learned with LoRA's matrices
	// merged, as in an exported model, is the same.
	return !model.IsLoRA(p)
}

// learn learns tasks from their support sets, all of one size: several at once
// only where together allows it. The learner that it returns has the weights
// of all of them side by side, and l's own graph where the order keeps it.
func (in *InnerLoop) learn(s *tensor.Scope, l *Learner, inputs Inputs, support []Examples, outputs int, o order, mode model.Mode) (*Learner, error) {
	w, err := in.run(s, l, inputs, support, outputs, o, mode)
	if err != nil {
		return nil, err
	}
	return w.learner(), nil
}

// run is learn that returns the weights.
func (in *InnerLoop) run(s *tensor.Scope, l *Learner, inputs Inputs, support []Examples, outputs int, o order, mode model.Mode) (*weights, error) {
	headOnly := in.headOnly(l)
	if o == secondOrder && !headOnly { // the inner gradients of a head go through no network
		s.DifferentiateTwice()
	}
	w, err := in.begin(s, l, len(support), outputs, o, headOnly)
	if err != nil {
		return nil, err
	}
	examples := join(support)
	var x *tensor.Tensor // the vectors of a loop that adapts the head alone
	if headOnly {
		if x, err = in.vectors(s, w.learner(), inputs, examples, o, mode); err != nil {
			return nil, err
		}
	}
	for step := range in.Steps {
		if step > 0 && in.between != nil {
			in.between(w.learner())
		}
		if l.stopRequested() {
			return nil, ErrStopped
		}
		err := s.Run(func(inner *tensor.Scope) error {
			batch, vectors := examples, x
			if n := len(support[0].Inputs); in.batch > 0 && in.batch < n {
				batch, vectors = in.draw(inner, support, x, batchOf(in.seed, step, in.batch, n, nil))
			}
			gradients := w.gradients(inner, s, inputs, vectors, batch, mode)
			w.descend(inner, s, gradients, in.Rate)
			return inner.Err()
		})
		if err != nil {
			return nil, fmt.Errorf("inner loop: %w", err)
		}
	}
	return w, s.Err()
}

// draw returns the same positions of every task, and their vectors if there
// are any.
func (in *InnerLoop) draw(s *tensor.Scope, support []Examples, x *tensor.Tensor, positions []int) (Examples, *tensor.Tensor) {
	sets := make([]Examples, len(support))
	for i, e := range support {
		sets[i] = e.Pick(positions)
	}
	if x == nil {
		return join(sets), nil
	}
	return join(sets), rowsAt(s, x, positions)
}

// rowsAt returns the rows of x [..., n, features] at positions.
func rowsAt(s *tensor.Scope, x *tensor.Tensor, positions []int) *tensor.Tensor {
	index := make([]int64, len(positions))
	for i, p := range positions {
		index[i] = int64(p)
	}
	return s.IndexSelect(x, -2, s.To(s.FromInt64(index), x.Device()))
}

// vectors computes support examples with a network that the loop leaves alone.
func (in *InnerLoop) vectors(s *tensor.Scope, l *Learner, inputs Inputs, e Examples, o order, mode model.Mode) (*tensor.Tensor, error) {
	if o == plain {
		x, err := l.EmbedAll(s, inputs, e.Inputs)
		return l.byTask(s, x), err
	}
	return l.byTask(s, l.Embed(s, inputs, e.Inputs, mode)), s.Err()
}

// weights are those of a learner in its inner loop: of one task, or of several
// side by side, which have one more dimension in front.
type weights struct {
	base    *Learner
	order   order
	tasks   int              // 0: one, without the dimension
	network []*tensor.Tensor // of its Params; nil when the loop leaves all alone
	head    Head
	adapted []**tensor.Tensor // those that the loop changes
	started []*tensor.Tensor  // and the learner's own, for each
	loss    *tensor.Tensor    // of the last step, before it; a mean over tasks
}

// begin returns the weights that the loop starts from.
func (in *InnerLoop) begin(s *tensor.Scope, l *Learner, tasks, outputs int, o order, headOnly bool) (*weights, error) {
	w := &weights{base: l, order: o}
	if tasks > 1 {
		w.tasks = tasks
	}
	if !headOnly {
		params := l.Network.Params()
		w.network = make([]*tensor.Tensor, len(params))
		for i, p := range params {
			w.network[i] = w.start(s, p.Tensor, in.adapts(p))
			if in.adapts(p) {
				w.adapted, w.started = append(w.adapted, &w.network[i]), append(w.started, p.Tensor)
			}
		}
	}
	if !l.Head.IsNone() {
		h := l.Head.resized(s, outputs)
		w.head = Head{Weight: w.start(s, h.Weight, true), Bias: w.start(s, h.Bias, true)}
		w.adapted = append(w.adapted, &w.head.Weight, &w.head.Bias)
		w.started = append(w.started, h.Weight, h.Bias)
	}
	if len(w.adapted) == 0 {
		return nil, fmt.Errorf("inner loop: inner_freeze %s leaves nothing to adapt, and there is no head", in.Freeze)
	}
	return w, s.Err()
}

// start returns where one tensor starts, for each of the tasks.
func (w *weights) start(s *tensor.Scope, t *tensor.Tensor, adapted bool) *tensor.Tensor {
	own := adapted && !t.RequiresGrad() // frozen outside, adapted here
	if w.order == plain || own {
		t = s.Detach(t)
	}
	if s.Err() != nil {
		return nil
	}
	if w.tasks > 0 {
		t = s.Expand(s.Unsqueeze(t, 0), append([]int64{int64(w.tasks)}, t.Shape()...)...)
	}
	if adapted && (w.order == plain || own) {
		s.SetRequiresGrad(t, true)
	}
	return t
}

// learner returns the learner that computes with the weights.
func (w *weights) learner() *Learner {
	l := *w.base
	l.Head, l.tasks = w.head, w.tasks
	switch {
	case w.network == nil:
	case w.tasks > 0:
		l.Network = w.base.Network.(model.TaskNetwork).WithTasks(w.network) // together has seen that it is one
		l.apart = true
	default:
		l.Network = w.base.Network.With(w.network)
	}
	return &l
}

// gradients returns the gradients of the sum of the tasks' mean losses, for
// each of adapted. x holds the examples' vectors if they are known. The loss
// is kept in outer.
func (w *weights) gradients(s, outer *tensor.Scope, inputs Inputs, x *tensor.Tensor, e Examples, mode model.Mode) []*tensor.Tensor {
	if x == nil && w.order == plain && w.tasks == 0 && len(e.Inputs) > evalBatch && !model.DependsOnBatch(w.base.Network) {
		return w.inChunks(s, outer, inputs, e, mode)
	}
	var loss *tensor.Tensor
	l := w.learner()
	if x != nil {
		x = s.Dropout(x, mode.Dropout)
		loss = s.Mean(lossEach(s, l.Type, l.Head.Apply(s, x), e))
	} else {
		loss = l.Loss(s, inputs, e, mode)
	}
	gradients := s.Gradients(s.MulScalar(loss, float64(max(1, w.tasks))), w.current(), w.order == secondOrder)
	w.keepLoss(outer, s.Move(s.Detach(loss), outer))
	return gradients
}

// current returns the tensors of adapted.
func (w *weights) current() []*tensor.Tensor {
	tensors := make([]*tensor.Tensor, len(w.adapted))
	for i, t := range w.adapted {
		tensors[i] = *t
	}
	return tensors
}

func (w *weights) keepLoss(outer *tensor.Scope, loss *tensor.Tensor) {
	outer.Free(w.loss)
	w.loss = loss
}

// inChunks is gradients for more examples than fit into memory at once: the
// mean over parts, by their numbers of examples. Where a loss is a mean over
// tokens, that is what each part counts.
func (w *weights) inChunks(s, outer *tensor.Scope, inputs Inputs, e Examples, mode model.Mode) []*tensor.Tensor {
	order := byLength(inputs, e.Inputs)
	sum := make([]*tensor.Tensor, len(w.adapted))
	var mean *tensor.Tensor
	for start := 0; start < len(order); start += evalBatch {
		part := e.Pick(order[start:min(start+evalBatch, len(order))])
		share := float64(len(part.Inputs)) / float64(len(order))
		inner := s.Child()
		loss := inner.MulScalar(w.learner().Loss(inner, inputs, part, mode), share)
		gradients := inner.Gradients(loss, w.current(), false)
		if inner.Err() == nil {
			inner.NoGrad(func() {
				mean = addTo(inner, s, mean, inner.Detach(loss))
				for i, g := range gradients {
					sum[i] = addTo(inner, s, sum[i], g)
				}
			})
		}
		if inner.Close() != nil {
			return nil // s has the error now
		}
	}
	w.keepLoss(outer, s.Move(mean, outer))
	return sum
}

// addTo returns sum + t, or t where there is no sum yet, in outer.
func addTo(s, outer *tensor.Scope, sum, t *tensor.Tensor) *tensor.Tensor {
	if sum == nil {
		return s.Move(t, outer)
	}
	added := s.Move(s.Add(sum, t), outer)
	outer.Free(sum)
	return added
}

// descend makes one step. The new weights belong to outer.
func (w *weights) descend(s, outer *tensor.Scope, gradients []*tensor.Tensor, rate float64) {
	if s.Err() != nil {
		return
	}
	step := func() {
		for i, t := range w.adapted {
			*t = s.Move(s.Sub(*t, s.MulScalar(gradients[i], rate)), outer)
		}
	}
	if w.order != plain {
		step()
		return
	}
	s.NoGrad(step)
	for _, t := range w.adapted {
		s.SetRequiresGrad(*t, true)
	}
}

// group returns how many of n tasks the loop learns at once.
func (in *InnerLoop) group(l *Learner, n int) int {
	if in.together(l) {
		return n
	}
	return 1
}

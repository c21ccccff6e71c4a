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
	if l.Type == setting.Generation || l.Projection != nil {
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
	return true
}

// learn learns tasks from their support sets, all of one size: several at once
// only where together allows it. The learner that it returns has the weights
// of all of them side by side, and l's own graph where the order keeps it.
func (in *InnerLoop) learn(s *tensor.Scope, l *Learner, inputs Inputs, support []Examples, outputs int, o order, mode model.Mode) (*Learner, error) {
	mode.Twice = o == secondOrder
	headOnly := in.headOnly(l)
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
	for range in.Steps {
		if l.stopRequested() {
			return nil, ErrStopped
		}
		err := s.Run(func(inner *tensor.Scope) error {
			w.descend(inner, s, w.gradients(inner, inputs, x, examples, mode), in.Rate)
			return inner.Err()
		})
		if err != nil {
			return nil, fmt.Errorf("inner loop: %w", err)
		}
	}
	return w.learner(), s.Err()
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
				w.adapted = append(w.adapted, &w.network[i])
			}
		}
	}
	if !l.Head.IsNone() {
		h := l.Head.resized(s, outputs)
		w.head = Head{Weight: w.start(s, h.Weight, true), Bias: w.start(s, h.Bias, true)}
		w.adapted = append(w.adapted, &w.head.Weight, &w.head.Bias)
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
// each of adapted. x holds the examples' vectors if they are known.
func (w *weights) gradients(s *tensor.Scope, inputs Inputs, x *tensor.Tensor, e Examples, mode model.Mode) []*tensor.Tensor {
	var loss *tensor.Tensor
	l := w.learner()
	if x != nil {
		loss = s.Mean(lossEach(s, l.Type, l.Head.Apply(s, x), e))
	} else {
		loss = l.Loss(s, inputs, e, mode)
	}
	if w.tasks > 0 {
		loss = s.MulScalar(loss, float64(w.tasks))
	}
	inputsOf := make([]*tensor.Tensor, len(w.adapted))
	for i, t := range w.adapted {
		inputsOf[i] = *t
	}
	return s.Gradients(loss, inputsOf, w.order == secondOrder)
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

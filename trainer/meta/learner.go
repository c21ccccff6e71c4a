package meta

import (
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Learner is what is meta-trained: a network with something on top that
// freezing strategies call the head and never freeze. For algorithms that
// learn tasks from vectors that is a projection, which starts as the identity;
// for those that learn them by gradient descent the head that every task
// starts from. A learner that has learned a task has the head of that task.
type Learner struct {
	Network    model.Network
	Type       setting.TaskType // of the tasks
	Projection *Projection      // nil: none
	Head       Head
	// BF16 has the network compute by autocast to bfloat16. Vectors, parameters
	// and everything on top of the network are float32 all the same.
	BF16 bool
	// Stopped, when it is closed, makes EmbedAll give up with [ErrStopped]
	// after a batch. nil: it never does.
	Stopped <-chan struct{}

	tasks int  // that Head is of, side by side; 0: one
	apart bool // the network has weights for each of the tasks, too
}

// Device returns where the learner computes.
func (l *Learner) Device() tensor.Device { return l.Network.Device() }

// Encoder returns the network of a learner of texts, without LoRA's matrices; nil
// for others.
func (l *Learner) Encoder() *model.Encoder {
	e, _ := model.Base(l.Network).(*model.Encoder)
	return e
}

// A Projection is y = W x + b with W [hidden, hidden].
type Projection struct{ Weight, Bias *tensor.Tensor }

// NewProjection returns the identity.
func NewProjection(s *tensor.Scope, hidden int64, device tensor.Device) *Projection {
	eye := make([]float32, hidden*hidden)
	for i := range hidden {
		eye[i*hidden+i] = 1
	}
	p := &Projection{
		Weight: s.To(s.FromFloat32(eye, hidden, hidden), device),
		Bias:   s.Zeros(tensor.Float32, device, hidden),
	}
	s.SetRequiresGrad(p.Weight, true)
	s.SetRequiresGrad(p.Bias, true)
	return p
}

// Params returns the projection's parameters.
func (p *Projection) Params() []model.Param {
	if p == nil {
		return nil
	}
	return []model.Param{{Name: "projection.weight", Tensor: p.Weight}, {Name: "projection.bias", Tensor: p.Bias}}
}

// Embed returns one vector an example: [examples, features].
func (l *Learner) Embed(s *tensor.Scope, inputs Inputs, examples []int, mode model.Mode) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	batch, err := inputs.Batch(s, l.Device(), examples)
	if err != nil {
		s.Fail("embed", err)
		return nil
	}
	if l.apart {
		batch.Values = l.byTask(s, batch.Values)
	}
	x := l.vectorsOf(s, batch, mode)
	if l.Projection != nil {
		x = s.Linear(x, l.Projection.Weight, l.Projection.Bias)
	}
	return x
}

// vectorsOf runs the network, in the learner's precision.
func (l *Learner) vectorsOf(s *tensor.Scope, batch model.Batch, mode model.Mode) *tensor.Tensor {
	var x *tensor.Tensor
	l.inPrecision(s, func() { x = l.Network.Forward(s, batch, mode) })
	if !l.BF16 {
		return x
	}
	return s.Cast(x, tensor.Float32)
}

// inPrecision runs a part of the network in the learner's precision.
func (l *Learner) inPrecision(s *tensor.Scope, f func()) {
	if !l.BF16 {
		f()
		return
	}
	s.Autocast(l.Device(), f)
}

// Outputs returns what the head answers to examples: [examples, outputs], for
// a learner of several tasks [tasks, examples of each, outputs].
func (l *Learner) Outputs(s *tensor.Scope, inputs Inputs, examples []int, mode model.Mode) *tensor.Tensor {
	x := l.Embed(s, inputs, examples, mode)
	if !l.apart { // or the network has kept the dimension
		x = l.byTask(s, x)
	}
	x = s.Dropout(x, mode.Dropout)
	if s.Err() != nil {
		return nil
	}
	return l.Head.Apply(s, x)
}

// OutputAll is [Learner.Outputs] for any number of examples of one task,
// computed as by [Learner.EmbedAll].
func (l *Learner) OutputAll(s *tensor.Scope, inputs Inputs, examples []int) (*tensor.Tensor, error) {
	x, err := l.EmbedAll(s, inputs, examples)
	if err != nil {
		return nil, err
	}
	var y *tensor.Tensor
	s.NoGrad(func() { y = l.Head.Apply(s, x) })
	return y, s.Err()
}

// byTask gives a tensor of examples, one task after the other, a dimension of
// tasks in front; none where there is one task.
func (l *Learner) byTask(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	if l.tasks == 0 || s.Err() != nil {
		return x
	}
	shape, n := x.Shape(), int64(l.tasks)
	return s.Reshape(x, append([]int64{n, shape[0] / n}, shape[1:]...)...)
}

func (l *Learner) stopRequested() bool {
	select {
	case <-l.Stopped:
		return true
	default:
		return false
	}
}

// evalBatch is the number of examples that EmbedAll computes at once: large
// enough to fill the vector units, small enough to stay in the caches.
const evalBatch = 64

// EmbedAll computes any number of examples without recording gradients, in
// batches of similar length so that little is padding, or at once where the
// network looks at the whole batch. The rows of the
// result, [examples, features] on the learner's device, are in their order.
func (l *Learner) EmbedAll(s *tensor.Scope, inputs Inputs, examples []int) (*tensor.Tensor, error) {
	if len(examples) == 0 {
		return nil, fmt.Errorf("embed: no examples")
	}
	order := byLength(inputs, examples)
	size := evalBatch
	if model.DependsOnBatch(l.Network) {
		size = len(examples)
	}
	var parts []*tensor.Tensor
	for start := 0; start < len(order); start += size {
		chunk := order[start:min(start+size, len(order))]
		batch := make([]int, len(chunk))
		for i, j := range chunk {
			batch[i] = examples[j]
		}
		if l.stopRequested() {
			return nil, ErrStopped
		}
		err := s.Run(func(inner *tensor.Scope) error {
			inner.NoGrad(func() {
				parts = append(parts, inner.Move(l.Embed(inner, inputs, batch, model.Mode{}), s))
			})
			return inner.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	position := make([]int64, len(examples)) // of example i among the sorted ones
	for p, i := range order {
		position[i] = int64(p)
	}
	all := s.IndexSelect(s.Cat(0, parts...), 0, s.To(s.FromInt64(position), l.Device()))
	return all, s.Err()
}

// byLength returns the positions of examples, the shortest first.
func byLength(inputs Inputs, examples []int) []int {
	lengths := make([]int, len(examples))
	for i, e := range examples {
		lengths[i] = inputs.Length(e)
	}
	order := All(len(examples))
	slices.SortStableFunc(order, func(a, b int) int { return lengths[a] - lengths[b] })
	return order
}

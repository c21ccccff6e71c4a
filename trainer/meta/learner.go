package meta

import (
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Learner is what is meta-trained: an encoder and, on top of it, a linear
// projection that starts as the identity. The projection is the "head" that
// freezing strategies speak of: with all-but-head it alone is trained.
type Learner struct {
	Encoder    *model.Bert
	Pooling    model.Pooling
	Projection *Projection // nil: none
	Pad        int32       // token id that fills batches up
	// Stopped, when it is closed, makes EmbedAll give up with [ErrStopped]
	// after a batch. nil: it never does.
	Stopped <-chan struct{}
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

// Embed returns one vector a text: [texts, hidden]. dropout is 0 for
// evaluation.
func (l *Learner) Embed(s *tensor.Scope, texts [][]int32, dropout float64) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	batch, err := model.NewBatch(s, l.Encoder.Device(), l.Pad, texts)
	if err != nil {
		s.Fail("embed", err)
		return nil
	}
	x := l.Encoder.Embed(s, batch, l.Pooling, dropout)
	if l.Projection != nil {
		x = s.Linear(x, l.Projection.Weight, l.Projection.Bias)
	}
	return x
}

func (l *Learner) stopRequested() bool {
	select {
	case <-l.Stopped:
		return true
	default:
		return false
	}
}

// evalBatch is the number of texts that EmbedAll encodes at once: large
// enough to fill the vector units, small enough to stay in the caches.
const evalBatch = 64

// EmbedAll encodes any number of texts without recording gradients, in
// batches of similar length so that little is padding. The rows of the
// result, [texts, hidden] on the encoder's device, are in the order of texts.
func (l *Learner) EmbedAll(s *tensor.Scope, texts [][]int32) (*tensor.Tensor, error) {
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(texts[a]) - len(texts[b]) })
	var parts []*tensor.Tensor
	for start := 0; start < len(order); start += evalBatch {
		chunk := order[start:min(start+evalBatch, len(order))]
		batch := make([][]int32, len(chunk))
		for i, j := range chunk {
			batch[i] = texts[j]
		}
		if l.stopRequested() {
			return nil, ErrStopped
		}
		err := s.Run(func(inner *tensor.Scope) error {
			inner.NoGrad(func() {
				parts = append(parts, inner.Move(l.Embed(inner, batch, 0), s))
			})
			return inner.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("embed: no texts")
	}
	position := make([]int64, len(texts)) // of text i among the sorted ones
	for p, i := range order {
		position[i] = int64(p)
	}
	all := s.IndexSelect(s.Cat(0, parts...), 0, s.To(s.FromInt64(position), l.Encoder.Device()))
	return all, s.Err()
}

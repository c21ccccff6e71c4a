package compress

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Masks are the weights that magnitude pruning keeps.
type Masks struct {
	weights []*tensor.Tensor // the parameters
	keep    []*tensor.Tensor // float32, 1 to keep and 0 to remove
	Total   int64            // weights that pruning looked at
	Removed int64
}

// Magnitude removes the given share of the encoder's matrix weights, those of
// the smallest magnitude over all layers together (Han et al. 2015; "global"
// in Blalock et al. 2020, section 2.2). Embeddings, biases, LayerNorm and
// heads stay. The masks belong to s; the weights are changed in place.
func Magnitude(s *tensor.Scope, params []model.Param, share float64) (*Masks, error) {
	m := new(Masks)
	for _, p := range params {
		if p.IsEncoderMatrix() {
			m.weights = append(m.weights, p.Tensor)
		}
	}
	if len(m.weights) == 0 || !(share > 0 && share < 1) {
		return nil, fmt.Errorf("prune: share %g of %d matrices: want a share between 0 and 1 and an encoder with layers", share, len(m.weights))
	}
	err := s.Run(func(inner *tensor.Scope) error {
		var flat []*tensor.Tensor
		for _, w := range m.weights {
			flat = append(flat, inner.Reshape(inner.Abs(inner.Detach(w)), -1))
			m.Total += w.Numel()
		}
		count := int64(share * float64(m.Total))
		if count < 1 {
			return fmt.Errorf("prune: a share of %g of %d weights is less than one weight", share, m.Total)
		}
		item := inner.KthSmallest(inner.Cat(0, flat...), count)
		threshold, err := item.Item()
		if err != nil {
			return err
		}
		for _, w := range m.weights {
			keep := inner.Cast(inner.Greater(inner.Abs(inner.Detach(w)), threshold), tensor.Float32)
			kept, err := inner.Sum(keep).Item()
			if err != nil {
				return err
			}
			m.Removed += w.Numel() - int64(kept)
			m.keep = append(m.keep, inner.Move(keep, s))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.Apply(s)
	return m, s.Err()
}

// Apply sets the removed weights to zero again: after a step of fine-tuning
// has moved them.
func (m *Masks) Apply(s *tensor.Scope) {
	inner := s.Child()
	inner.NoGrad(func() {
		for i, w := range m.weights {
			// + 0 turns the -0 of negative weights into 0, one bit pattern
			// for all that was removed.
			inner.Copy(w, inner.AddScalar(inner.Mul(inner.Detach(w), m.keep[i]), 0))
		}
	})
	_ = inner.Close() // its error is now the outer scope's
}

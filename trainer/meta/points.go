package meta

import (
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Points are the inputs of the sinusoid: one number each.
type Points struct{ family *task.Sinusoid }

// NewPoints returns the inputs of a family of sine curves.
func NewPoints(family *task.Sinusoid) *Points { return &Points{family} }

var _ Shaped = (*Points)(nil)

// Batch implements [Inputs].
func (p *Points) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	x, _ := p.family.Points(examples)
	return model.Batch{Values: s.To(s.FromFloat32(x, int64(len(x)), 1), device)}, s.Err()
}

// Length implements [Inputs].
func (p *Points) Length(int) int { return 1 }

// Shape implements [Shaped].
func (p *Points) Shape() []int64 { return []int64{1} }

package meta

import (
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Pictures are the images of a family. They stay bytes until a batch is made
// of them, on its device.
type Pictures struct{ images *task.Images }

// NewPictures returns the images as inputs.
func NewPictures(images *task.Images) *Pictures { return &Pictures{images} }

var _ Shaped = (*Pictures)(nil)

// Shape implements [Shaped]: channels, height, width.
func (p *Pictures) Shape() []int64 {
	return []int64{int64(p.images.Channels), int64(p.images.Height), int64(p.images.Width)}
}

// Batch implements [Inputs]: Values are [batch, channels, height, width] from
// 0 to 1, with the channels last in memory.
func (p *Pictures) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	m := p.images
	bytes := make([]byte, len(examples)*m.Size())
	for i, e := range examples {
		m.Copy(bytes[i*m.Size():][:m.Size()], e)
	}
	t := s.FromBytes(bytes, tensor.Uint8, int64(len(examples)), int64(m.Height), int64(m.Width), int64(m.Channels))
	values := s.MulScalar(s.Cast(s.To(t, device), tensor.Float32), 1.0/255)
	return model.Batch{Values: s.Permute(values, 0, 3, 1, 2)}, s.Err()
}

// Length implements [Inputs]: all images cost the same.
func (p *Pictures) Length(int) int { return 1 }

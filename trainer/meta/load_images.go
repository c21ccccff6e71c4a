package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// conv4 makes a Conv4 for the images that are its inputs.
func (b Blueprint) conv4(s *tensor.Scope) (model.Network, error) {
	pictures, ok := b.Inputs.(*Pictures)
	if !ok {
		return nil, fmt.Errorf("model: a conv4 computes on images, and tasks of kind %s have none", b.Config.Tasks.Kind)
	}
	sides := pictures.Shape()
	return model.NewConv4(s, model.Conv4Shape{
		Filters: b.Config.Model.Filters, Channels: sides[0], Height: sides[1], Width: sides[2],
		// As in the papers: those that adapt by gradient descent have seen
		// each task's batches only, and normalize by them in the end.
		BatchStatistics: b.Config.ByGradient(),
	}, b.Seed, b.Device)
}

// plain loads a network that the trainer has written before.
func (b Blueprint) plain(s *tensor.Scope) (model.Network, error) {
	network, err := model.LoadPlain(s, b.Config.Model.Path, b.Device)
	if err != nil {
		return nil, err
	}
	shaped, ok := b.Inputs.(Shaped)
	if !ok {
		return nil, fmt.Errorf("model: %s does not read texts, and tasks of kind %s are texts", b.Config.Model, b.Config.Tasks.Kind)
	}
	if err := network.Accepts(shaped.Shape()); err != nil {
		return nil, fmt.Errorf("model %s: %w", b.Config.Model, err)
	}
	return network, nil
}

// Package freeze applies freezing strategies: which parameters of a model
// keep their pretrained values while the others are trained.
package freeze

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Apply marks the encoder's parameters as trained or frozen and returns the
// trained ones. A frozen parameter is no leaf of the graph, so that neither
// its gradient nor anything below the lowest trained layer is computed, and
// no optimizer sees it: its bits do not change.
func Apply(s *tensor.Scope, encoder *model.Bert, strategy setting.Freeze) ([]model.Param, error) {
	layers := encoder.Config.Layers
	if err := strategy.Fits(layers); err != nil {
		return nil, err
	}
	frozen := 0 // parameters from the bottom
	switch strategy.Kind {
	case setting.FreezeNone:
	case setting.FreezeEmbeddings:
		frozen = len(encoder.EmbeddingParams())
	case setting.FreezeBottom:
		frozen = len(encoder.EmbeddingParams())
		for i := range strategy.Layers {
			frozen += len(encoder.LayerParams(i))
		}
	case setting.FreezeAllButHead:
		frozen = len(encoder.Params())
	default:
		return nil, fmt.Errorf("freeze: strategy %q is not known to the trainer", strategy)
	}
	params := encoder.Params()
	for i, p := range params {
		s.SetRequiresGrad(p.Tensor, i >= frozen)
	}
	return params[frozen:], s.Err()
}

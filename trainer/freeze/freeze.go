// Package freeze applies freezing strategies: which parameters of a model
// keep their pretrained values while the others are trained.
package freeze

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Apply marks the network's parameters as trained or frozen and returns the
// trained ones. A frozen parameter is no leaf of the graph, so that neither
// its gradient nor anything below the lowest trained layer is computed, and
// no optimizer sees it: its bits do not change.
func Apply(s *tensor.Scope, network model.Network, strategy setting.Freeze) ([]model.Param, error) {
	blocks := network.Blocks()
	if err := strategy.Fits(len(blocks) - 1); err != nil {
		return nil, err
	}
	frozen := 0 // blocks from the bottom
	switch strategy.Kind {
	case setting.FreezeNone:
	case setting.FreezeEmbeddings:
		frozen = 1
	case setting.FreezeBottom:
		frozen = 1 + strategy.Layers
	case setting.FreezeAllButHead:
		frozen = len(blocks)
	default:
		return nil, fmt.Errorf("freeze: strategy %q is not known to the trainer", strategy)
	}
	var trained []model.Param
	for i, block := range blocks {
		for _, p := range block {
			s.SetRequiresGrad(p.Tensor, i >= frozen)
		}
		if i >= frozen {
			trained = append(trained, block...)
		}
	}
	return trained, s.Err()
}

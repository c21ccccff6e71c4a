package meta

import (
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A division has a training compute the blocks that are frozen apart from
// those that it trains, as many as are frozen at the time.
type division struct {
	learner *Learner
	data    *Data
	whole   model.Network // of the learner while nothing is apart
	inputs  Inputs        // of the data then
	config  *setting.Config
	cache   PrefixCache

	stack model.Stack // nil: nothing can be computed apart
	sizes []int       // see steadySizes
	tried bool        // whether sizes is known
	depth int         // blocks that are apart
	done  func()      // ends their use; nil: none are
}

func newDivision(l *Learner, data *Data, config *setting.Config, cache PrefixCache) *division {
	d := &division{learner: l, data: data, whole: l.Network, inputs: data.inputs, config: config, cache: cache}
	if stack, ok := l.Network.(model.Stack); ok && !config.AdaptsFrozen() {
		d.stack = stack
	}
	return d
}

// at puts the lowest blocks apart, or fewer if they are not worth it.
func (d *division) at(s *tensor.Scope, blocks int) error {
	if d.stack == nil || blocks < leastFrozen {
		blocks = 0
	}
	if blocks == d.depth {
		return nil
	}
	d.end()
	if blocks == 0 {
		return nil
	}
	if !d.tried {
		var err error
		if d.sizes, err = steadySizes(s, d.stack); err != nil {
			return err
		}
		d.tried = true
	}
	inputs, done, err := freezeInputs(d.stack, blocks, d.inputs, d.sizes, d.config, d.cache)
	if err != nil {
		return err
	}
	d.learner.Network, d.data.inputs, d.depth, d.done = d.stack.Upper(blocks), inputs, blocks, done
	return nil
}

// end makes learner and data whole.
func (d *division) end() {
	d.learner.Network, d.data.inputs, d.depth = d.whole, d.inputs, 0
	if d.done != nil {
		d.done()
		d.done = nil
	}
}

package meta

import (
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/prefix"
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
	ready bool        // whether sizes and spaces are known
	sizes []int       // see steadySizes
	depth int         // blocks that are apart
	done  func()      // ends their use; nil: none are
	// The spaces of what was first put apart, nil if nothing is kept. Later it is
	// the same blocks, or fewer.
	spaces []prefix.Space
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
	if err := d.prepare(s, blocks); err != nil {
		return err
	}
	inputs, done := freezeInputs(d.stack, blocks, d.inputs, d.sizes, d.spaces, d.config, d.cache)
	d.learner.Network, d.data.inputs, d.depth, d.done = d.stack.Upper(blocks), inputs, blocks, done
	return nil
}

// prepare does what is done once, before any blocks are put apart.
func (d *division) prepare(s *tensor.Scope, blocks int) (err error) {
	if d.ready {
		return nil
	}
	if d.sizes, err = steadySizes(s, d.stack); err != nil {
		return err
	}
	if _, keyed := d.inputs.(Keyed); keyed && d.config.PrefixCache != setting.PrefixOff {
		if d.spaces, err = spacesOf(d.stack, blocks, len(d.sizes) > 0); err != nil {
			return err
		}
	}
	d.ready = true
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

// Package freeze applies freezing strategies: which parameters of a network
// keep their pretrained values, from which step on the others are trained, and
// how fast.
//
// A parameter that is frozen is no leaf of the graph: neither its gradient nor
// anything below the lowest trained parameter is computed, and no optimizer
// changes it. Its bits stay as they are.
package freeze

import (
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Plan is a strategy applied to one network for one training.
//
// It is used by one goroutine, inside [tensor.Do].
type Plan struct {
	network model.Network
	lora    *model.LoRA // that the plan has added, and merges in the end; nil: none
	trained []scheduled
}

// A scheduled parameter is trained from a step on.
type scheduled struct {
	model.Param
	start int // the step, from 0, that trains it first
	below int // blocks between it and the head, its own included
}

// New makes the plan of a training of that many steps and freezes what it
// does not train. Matrices that the strategy adds belong to s; their values
// come from tensor's generator. A network that [AddLoRA] has returned keeps
// those that it has. The error says what of the strategy the network cannot do.
func New(s *tensor.Scope, network model.Network, config *setting.Config, steps int) (*Plan, error) {
	if err := config.Freeze.Fits(Anatomy(network)); err != nil {
		return nil, err
	}
	p := &Plan{network: network}
	if _, has := model.AsLoRA(network); config.Freeze.Kind == setting.FreezeLoRA && !has {
		p.lora = AddLoRA(s, network, config)
		p.network = p.lora.Network()
	}
	start, err := schedule(p.network, config, steps)
	if err != nil {
		return nil, err
	}
	blocks := p.network.Blocks()
	for i, block := range blocks {
		for j, param := range block {
			if at := start(i, j); at < steps {
				p.trained = append(p.trained, scheduled{Param: param, start: at, below: len(blocks) - i})
			}
		}
	}
	p.Advance(s, 0)
	return p, s.Err()
}

// AddLoRA adds the matrices of lora-R to a network of which Fits has said that it
// takes them. Their values come from tensor's generator, and they belong to s.
func AddLoRA(s *tensor.Scope, network model.Network, config *setting.Config) *model.LoRA {
	return model.NewLoRA(s, network.(model.Attentive), config.Freeze.N, config.Alpha())
}

// Network returns the network to train: the one that the plan was made for,
// or one of the same parameters and more.
func (p *Plan) Network() model.Network { return p.network }

// Params returns the network's parameters that are trained at any step.
func (p *Plan) Params() []model.Param {
	params := make([]model.Param, len(p.trained))
	for i, t := range p.trained {
		params[i] = t.Param
	}
	return params
}

// Prefix returns the number of blocks from the bottom that no step trains.
func (p *Plan) Prefix() int { return p.PrefixAt(math.MaxInt) }

// PrefixAt returns the number of blocks from the bottom that no step up to
// step, from 0, trains.
func (p *Plan) PrefixAt(step int) int {
	blocks := len(p.network.Blocks())
	prefix := blocks
	for _, t := range p.trained {
		if t.start <= step {
			prefix = min(prefix, blocks-t.below)
		}
	}
	return prefix
}

// Begins returns the first step that trains anything in the network; -1 when
// none does.
func (p *Plan) Begins() int {
	first := -1
	for _, t := range p.trained {
		if first < 0 || t.start < first {
			first = t.start
		}
	}
	return first
}

// Advance marks the parameters that step, from 0, trains, and the others as
// frozen. A plan may be advanced to any step, as a resumed training is.
func (p *Plan) Advance(s *tensor.Scope, step int) {
	for _, param := range p.network.Params() {
		s.SetRequiresGrad(param.Tensor, false)
	}
	for _, t := range p.trained {
		s.SetRequiresGrad(t.Tensor, t.start <= step)
	}
}

// Changes reports whether step trains other parameters than the step before.
func (p *Plan) Changes(step int) bool {
	for _, t := range p.trained {
		if t.start == step {
			return true
		}
	}
	return false
}

// Groups returns what an optimizer trains: the plan's parameters and head,
// which is trained from the first step at the full rate.
func (p *Plan) Groups(head []model.Param, config *setting.Config) []tensor.Group {
	type key struct {
		decays bool
		scale  float64
		start  int
	}
	var groups []tensor.Group
	index := make(map[key]int)
	add := func(t scheduled) {
		k := key{t.Decays(), math.Pow(config.LayerDecay, float64(t.below)), t.start}
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			g := tensor.Group{LRScale: k.scale, Start: int64(k.start)}
			if k.decays {
				g.WeightDecay = config.WeightDecay
			}
			groups = append(groups, g)
		}
		groups[i].Params = append(groups[i].Params, t.Tensor)
	}
	for _, t := range p.trained {
		add(t)
	}
	for _, param := range head {
		add(scheduled{Param: param})
	}
	return groups
}

// Finish turns what was trained into parameters of the network that the plan
// was made for: it computes the same as the plan's network afterwards.
func (p *Plan) Finish(s *tensor.Scope) {
	if p.lora != nil {
		p.lora.Merge(s)
	}
}

// Anatomy returns what a network has for a strategy to take hold of.
func Anatomy(network model.Network) setting.Anatomy {
	network = model.Base(network)
	blocks := network.Blocks()
	a := setting.Anatomy{Layers: len(blocks) - 1, Embeddings: len(blocks[0]) > 0}
	for _, p := range network.Params() {
		a.Biases = a.Biases || p.IsBias()
		a.Norms = a.Norms || p.IsNorm()
	}
	if attentive, ok := network.(model.Attentive); ok {
		for _, m := range attentive.QueryValue() {
			if side := min(m.Out, m.In); a.Attention == 0 || side < a.Attention {
				a.Attention = side
			}
		}
	}
	return a
}

// A starts function returns the step that first trains parameter j of block i;
// steps or more means never.
type starts func(block, param int) int

// schedule returns the starts of a strategy.
func schedule(network model.Network, config *setting.Config, steps int) (starts, error) {
	blocks := network.Blocks()
	strategy := config.Freeze
	never := steps
	where := func(trained func(block, param int) bool) starts {
		return func(block, param int) int {
			if trained(block, param) {
				return 0
			}
			return never
		}
	}
	above := func(frozen int) starts {
		return where(func(block, _ int) bool { return block >= frozen })
	}
	switch strategy.Kind {
	case setting.FreezeNone:
		return above(0), nil
	case setting.FreezeEmbeddings:
		return above(1), nil
	case setting.FreezeBottom:
		return above(1 + strategy.N), nil
	case setting.FreezeAllButHead:
		return above(len(blocks)), nil
	case setting.FreezePercent:
		return where(abovePercent(blocks, strategy.N)), nil
	case setting.FreezeGradual:
		return gradual(blocks, config.UnfreezeRatio*float64(steps)), nil
	case setting.FreezeLPFT:
		at := int(math.Ceil(config.UnfreezeRatio * float64(steps)))
		return func(int, int) int { return at }, nil
	case setting.FreezeBiasOnly:
		return where(func(i, j int) bool { return blocks[i][j].IsBias() }), nil
	case setting.FreezeNormOnly:
		return where(func(i, j int) bool { return blocks[i][j].IsNorm() }), nil
	case setting.FreezeLoRA:
		return where(func(i, j int) bool { return model.IsLoRA(blocks[i][j]) }), nil
	}
	return nil, fmt.Errorf("freeze: strategy %q is not known to the trainer", strategy)
}

// abovePercent keeps tensors from the bottom until they hold percent of the
// network's numbers, as pct_to_freeze of Quick-Tune (Arango et al. 2024) does;
// the last one, which may hold less than what is left, is trained in any case.
func abovePercent(blocks [][]model.Param, percent int) func(block, param int) bool {
	total := int64(0)
	for _, block := range blocks {
		for _, p := range block {
			total += p.Tensor.Numel()
		}
	}
	frozen := int64(0)
	kept := make([]int, len(blocks)) // tensors of each block
	for i, block := range blocks {
		for _, p := range block {
			n := p.Tensor.Numel()
			if last := i == len(blocks)-1 && kept[i] == len(block)-1; !last && 100*frozen < int64(percent)*total {
				frozen += n
				kept[i]++
			}
		}
	}
	return func(block, param int) bool { return param >= kept[block] }
}

// gradual spreads the blocks, the top one first, evenly over that many steps,
// of which the first share belongs to the head alone.
func gradual(blocks [][]model.Param, span float64) starts {
	n := 0 // blocks that have parameters
	for _, block := range blocks {
		if len(block) > 0 {
			n++
		}
	}
	at := make([]int, len(blocks))
	for i, k := len(blocks)-1, 0; i >= 0; i-- {
		if len(blocks[i]) > 0 {
			k++
			at[i] = int(math.Ceil(span * float64(k) / float64(n)))
		}
	}
	return func(block, _ int) int { return at[block] }
}

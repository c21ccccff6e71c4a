package model

import (
	"fmt"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Bert is the encoder of Devlin et al. 2019: embeddings, then layers of
// self-attention and a feed-forward network, each followed by a residual
// connection and LayerNorm.
type Bert struct {
	Config *hf.Config
	device tensor.Device
	params []Param // in the order of computation; the pooler last
	layers []layer

	words, positions, types *tensor.Tensor
	norm                    layerNorm
	activation              func(*tensor.Scope, *tensor.Tensor) *tensor.Tensor
}

type layer struct {
	query, key, value, attention, up, down linear
	attentionNorm, outputNorm              layerNorm
}

// linear is a dense layer in float32, or in int8 when it has been quantized.
type linear struct {
	name         string // of the weight, without ".weight"
	weight, bias *tensor.Tensor
	int8         *tensor.Int8Linear
}

func (l *linear) apply(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	if l.int8 != nil {
		return l.int8.Apply(s, x)
	}
	return s.Linear(x, l.weight, l.bias)
}

// added returns norm(dropout(layer(x)) + residual).
func (l *linear) added(s *tensor.Scope, x, residual *tensor.Tensor, norm layerNorm, epsilon, dropout float64) *tensor.Tensor {
	if l.int8 != nil {
		return norm.apply(s, s.Add(s.Dropout(l.apply(s, x), dropout), residual), epsilon)
	}
	return s.LinearNorm(x, l.weight, l.bias, residual, norm.weight, norm.bias, epsilon, dropout)
}

type layerNorm struct{ weight, bias *tensor.Tensor }

func (n layerNorm) apply(s *tensor.Scope, x *tensor.Tensor, epsilon float64) *tensor.Tensor {
	return s.LayerNorm(x, n.weight, n.bias, epsilon)
}

var activations = map[string]func(*tensor.Scope, *tensor.Tensor) *tensor.Tensor{
	"gelu":              (*tensor.Scope).GELU,
	"gelu_new":          (*tensor.Scope).GELUTanh,
	"gelu_pytorch_tanh": (*tensor.Scope).GELUTanh,
	"relu":              (*tensor.Scope).Relu,
}

// A source hands out the tensors of a checkpoint by name and shape. It returns
// nil only after recording an error, which its caller looks at.
type source interface {
	tensor(name string, shape ...int64) *tensor.Tensor
	// int8 returns the quantized layer of that name; nil if there is none.
	int8(name string, out, in int64) *tensor.Int8Linear
}

// newBert arranges the tensors of a checkpoint.
func newBert(c *hf.Config, device tensor.Device, from source) *Bert {
	b := &Bert{Config: c, device: device, activation: activations[c.Activation]}
	take := func(name string, shape ...int64) *tensor.Tensor {
		t := from.tensor(name, shape...)
		b.params = append(b.params, Param{Name: name, Tensor: t})
		return t
	}
	dense := func(name string, out, in int64) linear {
		if q := from.int8(name, out, in); q != nil {
			return linear{name: name, int8: q}
		}
		return linear{name: name, weight: take(name+".weight", out, in), bias: take(name+".bias", out)}
	}
	norm := func(name string) layerNorm {
		return layerNorm{weight: take(name+".weight", c.Hidden), bias: take(name+".bias", c.Hidden)}
	}
	b.words = take("embeddings.word_embeddings.weight", c.Vocabulary, c.Hidden)
	b.positions = take("embeddings.position_embeddings.weight", c.MaxPositions, c.Hidden)
	b.types = take("embeddings.token_type_embeddings.weight", c.Types, c.Hidden)
	b.norm = norm("embeddings.LayerNorm")
	for i := range c.Layers {
		prefix := fmt.Sprintf("encoder.layer.%d.", i)
		b.layers = append(b.layers, layer{
			query:         dense(prefix+"attention.self.query", c.Hidden, c.Hidden),
			key:           dense(prefix+"attention.self.key", c.Hidden, c.Hidden),
			value:         dense(prefix+"attention.self.value", c.Hidden, c.Hidden),
			attention:     dense(prefix+"attention.output.dense", c.Hidden, c.Hidden),
			attentionNorm: norm(prefix + "attention.output.LayerNorm"),
			up:            dense(prefix+"intermediate.dense", c.Intermediate, c.Hidden),
			down:          dense(prefix+"output.dense", c.Hidden, c.Intermediate),
			outputNorm:    norm(prefix + "output.LayerNorm"),
		})
	}
	return b
}

// Params returns the encoder's parameters in the order of computation, named
// as in the checkpoint. Quantized layers are not among them.
func (b *Bert) Params() []Param { return b.params }

// Device returns where the parameters live.
func (b *Bert) Device() tensor.Device { return b.device }

// Features returns the width of the hidden states.
func (b *Bert) Features() int64 { return b.Config.Hidden }

// Blocks returns the parameters of the embeddings, their LayerNorm included,
// and then those of each layer. The encoder must not be quantized.
func (b *Bert) Blocks() [][]Param {
	const embeddings, perLayer = 5, 16
	blocks := [][]Param{b.params[:embeddings]}
	for i := range b.layers {
		start := embeddings + i*perLayer
		blocks = append(blocks, b.params[start:start+perLayer])
	}
	return blocks
}

// QueryValue implements [Attentive].
func (b *Bert) QueryValue() []Matrix {
	var at []Matrix
	for i, p := range b.params {
		if strings.HasSuffix(p.Name, ".attention.self.query.weight") || strings.HasSuffix(p.Name, ".attention.self.value.weight") {
			shape := p.Tensor.Shape()
			at = append(at, Matrix{Name: strings.TrimSuffix(p.Name, ".weight"), Param: i, Out: shape[0], In: shape[1]})
		}
	}
	return at
}

// With returns an encoder of the same configuration that computes with other
// tensors, one for each of Params. The encoder must not be quantized.
func (b *Bert) With(tensors []*tensor.Tensor) *Bert {
	from := bound(tensors)
	return newBert(b.Config, b.device, &from)
}

// bound is a source of given tensors, in the order in which they are asked for.
type bound []*tensor.Tensor

func (b *bound) tensor(string, ...int64) *tensor.Tensor {
	t := (*b)[0]
	*b = (*b)[1:]
	return t
}

func (b *bound) int8(string, int64, int64) *tensor.Int8Linear { return nil }

// Encode returns the last hidden states [batch, length, hidden]; in the place
// of padding they are undefined. dropout is the probability used everywhere in
// the encoder; 0 for evaluation.
func (b *Bert) Encode(s *tensor.Scope, batch Batch, dropout float64) *tensor.Tensor {
	return b.encode(s, batch, b.layers, dropout)
}

// encode applies the embeddings and the lowest layers.
func (b *Bert) encode(s *tensor.Scope, batch Batch, layers []layer, dropout float64) *tensor.Tensor {
	p := newPacking(s, batch, batch.IDs)
	x := b.embeddings(s, batch, p, dropout)
	return p.unpack(s, b.run(s, x, batch, p, layers, dropout))
}

// embeddings returns what the first layer gets.
func (b *Bert) embeddings(s *tensor.Scope, batch Batch, p *packing, dropout float64) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	var positions *tensor.Tensor
	if p.position == nil {
		positions = s.Narrow(b.positions, 0, 0, p.length)
	} else {
		positions = s.IndexSelect(b.positions, 0, p.position)
	}
	x := s.Add(s.Embedding(b.words, p.pack(s, batch.IDs)), s.Narrow(b.types, 0, 0, 1))
	x = s.Add(x, positions)
	return s.Dropout(b.norm.apply(s, x, b.Config.Epsilon), dropout)
}

// run applies layers to hidden states, packed as p says.
func (b *Bert) run(s *tensor.Scope, x *tensor.Tensor, batch Batch, p *packing, layers []layer, dropout float64) *tensor.Tensor {
	mask := b.attentionMask(s, batch)
	for i := range layers {
		x = b.layer(s, &layers[i], x, mask, p, dropout)
	}
	return x
}

// runPadded is run for the Values of a batch, [batch, length, hidden] as is what
// it returns.
func (b *Bert) runPadded(s *tensor.Scope, batch Batch, layers []layer, dropout float64) *tensor.Tensor {
	p := newPacking(s, batch, batch.Values)
	return p.unpack(s, b.run(s, p.pack(s, batch.Values), batch, p, layers, dropout))
}

// attentionMask returns an additive mask [batch, 1, 1, length], or nil.
func (b *Bert) attentionMask(s *tensor.Scope, batch Batch) *tensor.Tensor {
	if batch.Mask == nil {
		return nil
	}
	const lowest = 3.3e38 // e^-lowest is 0, and the sum with a score stays finite, in bfloat16 too
	additive := s.MulScalar(s.AddScalar(batch.Mask, -1), lowest)
	return s.Unsqueeze(s.Unsqueeze(additive, 1), 1)
}

func (b *Bert) layer(s *tensor.Scope, l *layer, x, mask *tensor.Tensor, p *packing, dropout float64) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	mixed := b.attend(s, l.query.apply(s, x), l.key.apply(s, x), l.value.apply(s, x), mask, p, dropout)
	x = l.attention.added(s, mixed, x, l.attentionNorm, b.Config.Epsilon, dropout)
	return l.down.added(s, b.activated(s, &l.up, x), x, l.outputNorm, b.Config.Epsilon, dropout)
}

// activated returns what the activation makes of a layer's outputs.
func (b *Bert) activated(s *tensor.Scope, l *linear, x *tensor.Tensor) *tensor.Tensor {
	if b.Config.Activation == "gelu" && l.int8 == nil {
		return s.LinearGELU(x, l.weight, l.bias)
	}
	return b.activation(s, l.apply(s, x))
}

// attend mixes the values of each text, packed as p says.
func (b *Bert) attend(s *tensor.Scope, q, k, v, mask *tensor.Tensor, p *packing, dropout float64) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	if len(p.layout.Lengths) > 0 && s.AttendsTokens(q) {
		return s.TokenAttention(q, k, v, b.Config.Heads, p.layout, dropout)
	}
	shape := q.Shape()
	split := func(t *tensor.Tensor) *tensor.Tensor { // -> [n, heads, length, d]
		return s.Transpose(s.Reshape(p.unpack(s, t), p.n, -1, b.Config.Heads, b.Config.Hidden/b.Config.Heads), 1, 2)
	}
	mixed := s.Attention(split(q), split(k), split(v), mask, dropout)
	return s.Reshape(p.pack(s, s.Transpose(mixed, 1, 2)), shape...)
}

// Pooling says how token vectors become one vector of the text.
type Pooling string

// The ways of pooling.
const (
	MeanPooling Pooling = "mean" // over the tokens that are not padding
	CLSPooling  Pooling = "cls"  // the vector of the first token
)

// Embed returns one vector a sequence: [batch, hidden].
func (b *Bert) Embed(s *tensor.Scope, batch Batch, pooling Pooling, dropout float64) *tensor.Tensor {
	return pool(s, b.Encode(s, batch, dropout), batch.Mask, pooling)
}

// pool makes one vector of each sequence of hidden states.
func pool(s *tensor.Scope, x, mask *tensor.Tensor, pooling Pooling) *tensor.Tensor {
	switch {
	case s.Err() != nil:
		return nil
	case pooling == CLSPooling:
		return s.Select(x, 1, 0)
	case mask == nil:
		return s.MeanDims(x, false, 1)
	}
	mask = s.Unsqueeze(mask, -1)
	return s.Div(s.SumDims(s.Mul(x, mask), false, 1), s.SumDims(mask, false, 1))
}

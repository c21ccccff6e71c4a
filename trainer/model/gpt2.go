package model

import (
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// GPT2 is the language model of Radford et al. 2019: layers of causal
// self-attention and a feed-forward network, each behind a LayerNorm and
// beside a residual connection, and a head that is the word embeddings again.
type GPT2 struct {
	Config *hf.GPT2Config
	device tensor.Device
	params []Param // in the order of hf.GPT2Config.Tensors

	activation func(*tensor.Scope, *tensor.Tensor) *tensor.Tensor
}

var (
	_ LanguageModel = (*GPT2)(nil)
	_ Attentive     = (*GPT2)(nil)
)

// The places of parameters among those of a layer.
const (
	norm1Weight = iota
	norm1Bias
	attentionWeight
	attentionBias
	projectWeight
	projectBias
	norm2Weight
	norm2Bias
	upWeight
	upBias
	downWeight
	downBias
	gpt2PerLayer
)

// gpt2Embeddings is the number of parameters below the layers.
const gpt2Embeddings = 2

// LoadGPT2 reads a GPT-2 from a Hugging Face folder onto a device.
func LoadGPT2(s *tensor.Scope, dir string, device tensor.Device) (*GPT2, error) {
	config, err := hf.ReadGPT2Config(dir)
	if err != nil {
		return nil, err
	}
	path, blobs, err := readWeights(dir)
	if err != nil {
		return nil, err
	}
	from := &checkpoint{scope: s, dir: dir, path: path, device: device, byName: make(map[string]hf.Blob, len(blobs))}
	for _, b := range blobs {
		from.byName[hf.CanonicalName(b.Name)] = b
	}
	g := &GPT2{Config: config, device: device, activation: activations[config.Activation]}
	for _, spec := range config.Tensors() {
		g.params = append(g.params, Param{Name: spec.Name, Tensor: from.tensor(spec.Name, spec.Shape...)})
	}
	if from.err != nil {
		return nil, from.err
	}
	return g, s.Err()
}

// Params implements [Network].
func (g *GPT2) Params() []Param { return g.params }

// Device implements [Network].
func (g *GPT2) Device() tensor.Device { return g.device }

// Features implements [Network].
func (g *GPT2) Features() int64 { return g.Config.Hidden }

// Blocks implements [Network]; the last LayerNorm belongs to the top layer.
func (g *GPT2) Blocks() [][]Param {
	blocks := [][]Param{g.params[:gpt2Embeddings]}
	for i := range g.Config.Layers {
		start := gpt2Embeddings + i*gpt2PerLayer
		end := start + gpt2PerLayer
		if i == g.Config.Layers-1 {
			end = len(g.params)
		}
		blocks = append(blocks, g.params[start:end])
	}
	return blocks
}

// QueryValue implements [Attentive]: one matrix of a layer makes queries, keys
// and values, side by side.
func (g *GPT2) QueryValue() []Matrix {
	var at []Matrix
	width := g.Config.Hidden
	for i := range g.Config.Layers {
		param := gpt2Embeddings + i*gpt2PerLayer + attentionWeight
		name := strings.TrimSuffix(g.params[param].Name, ".weight")
		m := Matrix{Param: param, Out: width, In: width, Transposed: true}
		query, value := m, m
		query.Name, value.Name, value.First = name+".query", name+".value", 2*width
		at = append(at, query, value)
	}
	return at
}

// With implements [Network].
func (g *GPT2) With(tensors []*tensor.Tensor) Network {
	other := *g
	other.params = make([]Param, len(tensors))
	for i, t := range tensors {
		other.params[i] = Param{Name: g.params[i].Name, Tensor: t}
	}
	return &other
}

// at returns parameter k of layer i.
func (g *GPT2) at(i, k int) *tensor.Tensor { return g.params[gpt2Embeddings+i*gpt2PerLayer+k].Tensor }

// conv1D returns x W + b: GPT-2's checkpoints hold W as [in, out].
func conv1D(s *tensor.Scope, x, weight, bias *tensor.Tensor) *tensor.Tensor {
	return s.Add(s.MatMul(x, weight), bias)
}

// Hidden returns the last hidden states [batch, length, hidden], behind the
// last LayerNorm; in the place of padding, which is at the end, they mean
// nothing.
func (g *GPT2) Hidden(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	length := in.IDs.Shape()[1]
	x := s.Add(s.Embedding(g.params[0].Tensor, in.IDs), s.Narrow(g.params[1].Tensor, 0, 0, length))
	x = s.Dropout(x, mode.Dropout)
	mask := causalMask(s, length, g.device)
	for i := range g.Config.Layers {
		x = g.layer(s, i, x, mask, mode)
	}
	last := len(g.params) - 2
	return s.LayerNorm(x, g.params[last].Tensor, g.params[last+1].Tensor, g.Config.Epsilon)
}

// causalMask returns an additive mask [1, 1, length, length] by which no place
// sees a later one. Padding is at the end of a row, and so never seen.
func causalMask(s *tensor.Scope, length int64, device tensor.Device) *tensor.Tensor {
	const lowest = -3.3e38 // e to it is 0, and the sum with a score stays finite, in bfloat16 too
	values := make([]float32, length*length)
	for i := range length {
		for j := i + 1; j < length; j++ {
			values[i*length+j] = lowest
		}
	}
	return s.To(s.FromFloat32(values, 1, 1, length, length), device)
}

func (g *GPT2) layer(s *tensor.Scope, i int, x, mask *tensor.Tensor, mode Mode) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	shape := x.Shape()
	n, length, hidden := shape[0], shape[1], g.Config.Hidden
	y := s.LayerNorm(x, g.at(i, norm1Weight), g.at(i, norm1Bias), g.Config.Epsilon)
	y = conv1D(s, y, g.at(i, attentionWeight), g.at(i, attentionBias))
	part := func(k int64) *tensor.Tensor { // [n, length, 3 hidden] -> [n, heads, length, d]
		return s.Transpose(s.Reshape(s.Narrow(y, -1, k*hidden, hidden), n, length, g.Config.Heads, -1), 1, 2)
	}
	y = s.Attention(part(0), part(1), part(2), mask, mode.Dropout)
	y = s.Reshape(s.Transpose(y, 1, 2), n, length, hidden)
	x = s.Add(x, s.Dropout(conv1D(s, y, g.at(i, projectWeight), g.at(i, projectBias)), mode.Dropout))
	y = s.LayerNorm(x, g.at(i, norm2Weight), g.at(i, norm2Bias), g.Config.Epsilon)
	y = g.activation(s, conv1D(s, y, g.at(i, upWeight), g.at(i, upBias)))
	return s.Add(x, s.Dropout(conv1D(s, y, g.at(i, downWeight), g.at(i, downBias)), mode.Dropout))
}

// Forward implements [Network]: the mean of the hidden states over a text.
func (g *GPT2) Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	x := g.Hidden(s, in, mode)
	if in.Mask == nil {
		return s.MeanDims(x, false, 1)
	}
	mask := s.Unsqueeze(in.Mask, -1)
	return s.Div(s.SumDims(s.Mul(x, mask), false, 1), s.SumDims(mask, false, 1))
}

// Logits returns what the model says about the token after each,
// [..., vocabulary], given hidden states [..., hidden].
func (g *GPT2) Logits(s *tensor.Scope, hidden *tensor.Tensor) *tensor.Tensor {
	return s.Linear(hidden, g.params[0].Tensor, nil)
}

// NLL implements [LanguageModel]: every token but the first is predicted from
// those before it.
func (g *GPT2) NLL(s *tensor.Scope, in Batch, mode Mode) (total *tensor.Tensor, tokens int) {
	if s.Err() != nil {
		return nil, 0
	}
	shape := in.IDs.Shape()
	n, length := shape[0], shape[1]
	if length < 2 {
		return s.Zeros(tensor.Float32, g.device, 1), 0
	}
	hidden := s.Narrow(g.Hidden(s, in, mode), 1, 0, length-1)
	logits := g.Logits(s, s.Reshape(hidden, n*(length-1), g.Config.Hidden))
	truth := s.Reshape(s.Narrow(in.IDs, 1, 1, length-1), -1)
	each := s.CrossEntropyEach(logits, truth)
	if in.Mask != nil {
		each = s.Mul(each, s.Reshape(s.Narrow(in.Mask, 1, 1, length-1), -1))
	}
	return s.Sum(each), in.Tokens - int(n)
}

// Save writes config.json and model.safetensors as transformers'
// GPT2LMHeadModel has them into a folder that is there.
func (g *GPT2) Save(dir string) error {
	blobs, err := Blobs(g.params)
	if err != nil {
		return err
	}
	for i := range blobs {
		blobs[i].Name = hf.GPT2Prefix + blobs[i].Name
	}
	return saveFolder(dir, g.Config, "GPT2LMHeadModel", blobs)
}

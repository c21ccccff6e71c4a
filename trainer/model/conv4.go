package model

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Conv4Shape describes a [Conv4].
type Conv4Shape struct {
	Filters  int64 `json:"filters"`
	Channels int64 `json:"channels"` // of an image
	Height   int64 `json:"height"`
	Width    int64 `json:"width"`
	// BatchStatistics says that a batch is normalized by its own statistics
	// in evaluation, too, as MAML does it (Finn et al. 2017): the examples of
	// a task are then to be computed together. Otherwise running statistics
	// are kept in training for evaluation, as in prototypical networks.
	BatchStatistics bool `json:"batch_statistics"`
}

// Conv4 is the network that few-shot papers compare methods on (Vinyals et
// al. 2016, section 4.1.1): four times a convolution of 3 x 3, batch
// normalization, the rectifier, and max-pooling of 2 x 2. Images of 28 x 28
// become as many features as there are filters.
//
// Convolutions have no biases, which batch normalization would take away
// again, and pooling comes before the rectifier, which gives the same for a
// quarter of its work.
type Conv4 struct {
	Shape   Conv4Shape
	device  tensor.Device
	layers  []convLayer
	params  []Param
	buffers []Param
}

type convLayer struct {
	weight, gamma, beta *tensor.Tensor
	running             *tensor.BatchStatistics // nil: none are kept
}

const (
	conv4Layers    = 4
	conv4PerLayer  = 3 // parameters
	normMomentum   = 0.1
	normEpsilon    = 1e-5
	smallestConv4  = 1 << conv4Layers // pixels of a side that pooling leaves one of
	kernelElements = 9
)

// NewConv4 returns the network with new weights: convolutions are uniform
// within 1/sqrt(n) for n inputs of a filter (PyTorch's default, after He et
// al. 2015), normalization is the identity. Each tensor is drawn from the seed
// and its name.
func NewConv4(s *tensor.Scope, shape Conv4Shape, seed int64, device tensor.Device) (*Conv4, error) {
	if err := shape.check(); err != nil {
		return nil, err
	}
	c := newConv4(shape, device, func(name string, dims ...int64) *tensor.Tensor {
		return s.To(toTensor(s, freshConv(seed, name, dims)), device)
	})
	return c, s.Err()
}

func (shape Conv4Shape) check() error {
	if shape.Height < smallestConv4 || shape.Width < smallestConv4 {
		return fmt.Errorf("a conv4 halves images four times, those of %d x %d pixels are too small: set tasks.image_size to %d or more",
			shape.Width, shape.Height, smallestConv4)
	}
	return nil
}

// newConv4 arranges the tensors that take returns: of each layer its
// parameters and then, where they are kept, its statistics.
func newConv4(shape Conv4Shape, device tensor.Device, take func(name string, dims ...int64) *tensor.Tensor) *Conv4 {
	c := &Conv4{Shape: shape, device: device}
	in := shape.Channels
	for i := range conv4Layers {
		named := func(to *[]Param, name string, dims ...int64) *tensor.Tensor {
			name = fmt.Sprintf("layer.%d.%s", i, name)
			t := take(name, dims...)
			*to = append(*to, Param{Name: name, Tensor: t})
			return t
		}
		l := convLayer{
			weight: named(&c.params, "conv.weight", shape.Filters, in, 3, 3),
			gamma:  named(&c.params, "norm.weight", shape.Filters),
			beta:   named(&c.params, "norm.bias", shape.Filters),
		}
		if !shape.BatchStatistics {
			l.running = &tensor.BatchStatistics{
				Mean:     named(&c.buffers, "norm.running_mean", shape.Filters),
				Variance: named(&c.buffers, "norm.running_var", shape.Filters),
			}
		}
		c.layers = append(c.layers, l)
		in = shape.Filters
	}
	return c
}

func freshConv(seed int64, name string, dims []int64) hf.Blob {
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	values := make([]float32, n)
	switch {
	case len(dims) == 4:
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(name)) // never fails
		rng := rand.New(rand.NewPCG(uint64(seed), hash.Sum64()))
		bound := 1 / math.Sqrt(float64(kernelElements*dims[1]))
		for i := range values {
			values[i] = float32(bound * (2*rng.Float64() - 1))
		}
	case Param{Name: name}.IsBias(), strings.HasSuffix(name, "running_mean"):
	default:
		for i := range values {
			values[i] = 1
		}
	}
	return hf.Float32Blob(name, values, dims)
}

// Forward implements [Network]: Values are images [batch, channels, height,
// width], preferably with the channels last in memory.
func (c *Conv4) Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	x := in.Values
	for i := range c.layers {
		x = c.layers[i].forward(s, x, mode)
	}
	return s.Reshape(x, -1, c.Features())
}

func (l *convLayer) forward(s *tensor.Scope, x *tensor.Tensor, mode Mode) *tensor.Tensor {
	x = s.Conv2d(x, s.ChannelsLast(l.weight), 1)
	// Frozen layers keep their statistics as they keep their weights.
	fixed := !mode.Train || !l.gamma.RequiresGrad()
	x = s.BatchNorm(x, l.gamma, l.beta, l.running, fixed, normMomentum, normEpsilon)
	return s.Relu(s.MaxPool2d(x, 2))
}

// Features implements [Network].
func (c *Conv4) Features() int64 {
	return c.Shape.Filters * (c.Shape.Height / smallestConv4) * (c.Shape.Width / smallestConv4)
}

// Params implements [Network].
func (c *Conv4) Params() []Param { return c.params }

// Buffers implements [Buffered]: the running statistics.
func (c *Conv4) Buffers() []Param { return c.buffers }

// DependsOnBatch implements [Contextual].
func (c *Conv4) DependsOnBatch() bool { return c.Shape.BatchStatistics }

// Blocks implements [Network]; block 0 is empty.
func (c *Conv4) Blocks() [][]Param {
	blocks := [][]Param{nil}
	for i := range conv4Layers {
		blocks = append(blocks, c.params[i*conv4PerLayer:(i+1)*conv4PerLayer])
	}
	return blocks
}

// With implements [Network]. The statistics are shared.
func (c *Conv4) With(tensors []*tensor.Tensor) Network {
	w := *c
	w.params, w.layers = slices.Clone(c.params), slices.Clone(c.layers)
	for i, t := range tensors {
		w.params[i].Tensor = t
	}
	for i := range w.layers {
		l := &w.layers[i]
		l.weight, l.gamma, l.beta = tensors[i*conv4PerLayer], tensors[i*conv4PerLayer+1], tensors[i*conv4PerLayer+2]
	}
	return &w
}

// Device implements [Network].
func (c *Conv4) Device() tensor.Device { return c.device }

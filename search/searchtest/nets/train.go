package nets

import (
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/search"
)

// settings are the hyperparameters of a training.
type settings struct {
	rate, momentum, decay, dropout float64
	batch, width, layers           int
	activation                     string // relu, tanh or sigmoid
}

// diverged is the validation loss from which a training has failed.
const diverged = 50

// train trains a network by stochastic gradient descent with momentum and
// returns its validation error after each of the epochs: the share of wrong
// classes, or the mean square. The list ends early when the training diverges.
func train(t *task, s settings, epochs int) []float64 {
	rng := search.Rand(3, 0, "nets/train")
	n := newNet(rng, t.outputs, s)
	order := make([]int, len(t.train))
	for i := range order {
		order[i] = i
	}
	errors := make([]float64, 0, epochs)
	for range epochs {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for start := 0; start < len(order); start += s.batch {
			batch := order[start:min(start+s.batch, len(order))]
			for _, i := range batch {
				n.accumulate(rng, &t.train[i])
			}
			n.descend(len(batch))
		}
		e := n.validate(t)
		if math.IsNaN(e) || e > diverged {
			return errors
		}
		errors = append(errors, e)
	}
	return errors
}

// A layer is fully connected: weights by output, with the bias last.
type layer struct {
	in, out              int
	weight, grad, moment []float64
	input, sum, delta    []float64 // of the sample at hand
}

// A net is a multilayer perceptron.
type net struct {
	settings
	layers []*layer
	output []float64
}

func newNet(rng *rand.Rand, outputs int, s settings) *net {
	n := &net{settings: s, output: make([]float64, outputs)}
	in := inputs
	for k := range s.layers + 1 {
		out := s.width
		if k == s.layers {
			out = outputs
		}
		size := out * (in + 1)
		l := &layer{
			in: in, out: out, weight: make([]float64, size), grad: make([]float64, size), moment: make([]float64, size),
			input: make([]float64, in+1), sum: make([]float64, out), delta: make([]float64, out),
		}
		for i := range l.weight {
			if i%(in+1) < in { // biases begin at 0
				l.weight[i] = rng.NormFloat64() / math.Sqrt(float64(in))
			}
		}
		n.layers = append(n.layers, l)
		in = out
	}
	return n
}

// forward computes the outputs; rng drops hidden units out, nil drops none.
func (n *net) forward(rng *rand.Rand, x []float64) []float64 {
	copy(n.layers[0].input, x)
	for k, l := range n.layers {
		l.input[l.in] = 1
		to := n.output
		if k+1 < len(n.layers) {
			to = n.layers[k+1].input
		}
		for o := range l.out {
			sum := 0.0
			for i, w := range l.weight[o*(l.in+1) : (o+1)*(l.in+1)] {
				sum += w * l.input[i]
			}
			l.sum[o] = sum
			if k+1 == len(n.layers) {
				to[o] = sum
				continue
			}
			to[o] = n.activate(sum)
			if rng != nil && n.dropout > 0 {
				if rng.Float64() < n.dropout {
					to[o] = 0
				} else {
					to[o] /= 1 - n.dropout
				}
			}
		}
	}
	return n.output
}

func (n *net) activate(v float64) float64 {
	switch n.activation {
	case "relu":
		return max(0, v)
	case "tanh":
		return math.Tanh(v)
	}
	return 1 / (1 + math.Exp(-v))
}

// slope is the derivative of activate at v.
func (n *net) slope(v float64) float64 {
	switch n.activation {
	case "relu":
		if v > 0 {
			return 1
		}
		return 0
	case "tanh":
		y := math.Tanh(v)
		return 1 - y*y
	}
	y := 1 / (1 + math.Exp(-v))
	return y * (1 - y)
}

// accumulate adds the gradient of a sample's loss: the cross-entropy, or half
// the square.
func (n *net) accumulate(rng *rand.Rand, s *sample) {
	out := n.forward(rng, s.x[:])
	last := n.layers[len(n.layers)-1]
	if len(out) == 1 {
		last.delta[0] = out[0] - s.value
	} else {
		softmax(last.delta, out)
		last.delta[s.class]--
	}
	for k := len(n.layers) - 1; k >= 0; k-- {
		l := n.layers[k]
		for o, d := range l.delta {
			row := l.grad[o*(l.in+1) : (o+1)*(l.in+1)]
			for i, v := range l.input {
				row[i] += d * v
			}
		}
		if k > 0 {
			n.back(n.layers[k-1], l)
		}
	}
}

// back carries the deltas from a layer to the one below.
func (n *net) back(below, l *layer) {
	for i := range below.delta {
		sum := 0.0
		for o, d := range l.delta {
			sum += d * l.weight[o*(l.in+1)+i]
		}
		if l.input[i] == 0 && n.dropout > 0 {
			sum = 0 // it was dropped
		}
		below.delta[i] = sum * n.slope(below.sum[i])
	}
}

// descend takes a step along the mean gradient of a batch.
func (n *net) descend(batch int) {
	for _, l := range n.layers {
		for i, g := range l.grad {
			l.moment[i] = n.momentum*l.moment[i] + g/float64(batch) + n.decay*l.weight[i]
			l.weight[i] -= n.rate * l.moment[i]
			l.grad[i] = 0
		}
	}
}

func (n *net) validate(t *task) float64 {
	sum := 0.0
	for i := range t.valid {
		s := &t.valid[i]
		out := n.forward(nil, s.x[:])
		if len(out) == 1 {
			sum += (out[0] - s.value) * (out[0] - s.value)
			continue
		}
		class := 0
		for c, v := range out {
			if math.IsNaN(v) {
				return v
			}
			if v > out[class] {
				class = c
			}
		}
		if class != s.class {
			sum++
		}
	}
	return sum / float64(len(t.valid))
}

func softmax(dst, v []float64) {
	top := v[0]
	for _, x := range v {
		top = max(top, x)
	}
	total := 0.0
	for i, x := range v {
		dst[i] = math.Exp(x - top)
		total += dst[i]
	}
	for i := range dst {
		dst[i] /= total
	}
}

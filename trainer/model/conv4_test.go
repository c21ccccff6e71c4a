package model

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The network of testdata/conv4.py.
var conv4Reference = Conv4Shape{Filters: 3, Channels: 2, Height: 17, Width: 35}

// wave returns scale * sin(start + 0.7 k) + offset, as conv4.py does.
func wave(scale, start, offset float64, n int64) []float32 {
	values := make([]float32, n)
	for k := range values {
		values[k] = float32(scale*math.Sin(start+0.7*float64(k)) + offset)
	}
	return values
}

// waveConv4 returns the reference's network; its weights want gradients.
func waveConv4(s *tensor.Scope, shape Conv4Shape) *Conv4 {
	c := newConv4(shape, tensor.CPU, func(name string, dims ...int64) *tensor.Tensor {
		layer, n := float64(name[len("layer.")]-'0'), int64(1)
		for _, d := range dims {
			n *= d
		}
		var values []float32
		switch {
		case strings.HasSuffix(name, "conv.weight"):
			values = wave(0.4, layer, 0, n)
		case strings.HasSuffix(name, "norm.weight"):
			values = wave(0.2, 10+layer, 1, n)
		case strings.HasSuffix(name, "norm.bias"):
			values = wave(0.1, 20+layer, 0, n)
		case strings.HasSuffix(name, "running_mean"):
			values = make([]float32, n)
		default:
			values = wave(0, 0, 1, n)
		}
		return s.FromFloat32(values, dims...)
	})
	for _, p := range c.Params() {
		s.SetRequiresGrad(p.Tensor, true)
	}
	return c
}

func tensorsOf(params []Param) []*tensor.Tensor {
	ts := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		ts[i] = p.Tensor
	}
	return ts
}

// near fails the test where values differ by more than a share of the largest.
func near(t *testing.T, what string, x *tensor.Tensor, want []float64, share float64) {
	t.Helper()
	got, err := x.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	largest := 0.0
	for _, v := range want {
		largest = math.Max(largest, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= share*largest) {
			t.Errorf("%s[%d] = %g, want %g", what, i, got[i], want[i])
			return
		}
	}
}

// TestConv4AgainstPyTorch compares values, gradients, gradients of gradients
// and statistics with those of testdata/conv4.py.
func TestConv4AgainstPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/conv4.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Training, Evaluation       []float64
		Gradients, Second, Running [][]float64
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	err = tensor.Do(func(s *tensor.Scope) error {
		c := waveConv4(s, conv4Reference)
		shape := c.Shape
		x := s.FromFloat32(wave(1, 30, 0, 4*shape.Channels*shape.Height*shape.Width), 4, shape.Channels, shape.Height, shape.Width)
		y := c.Forward(s, Batch{Values: s.ChannelsLast(x)}, Mode{Train: true})
		near(t, "training", y, want.Training, 1e-5)
		loss := s.Sum(s.Mul(y, s.FromFloat32(wave(1, 40, 0, y.Numel()), y.Shape()...)))
		gradients := s.Gradients(loss, tensorsOf(c.Params()), true)
		square := s.Zeros(tensor.Float32, tensor.CPU, 1)
		for i, g := range gradients {
			near(t, "gradient of "+c.Params()[i].Name, g, want.Gradients[i], 1e-4)
			square = s.Add(square, s.Sum(s.Mul(g, g)))
		}
		for i, g := range s.Gradients(square, tensorsOf(c.Params()), false) {
			near(t, "second gradient of "+c.Params()[i].Name, g, want.Second[i], 1e-3)
		}
		for i, b := range c.Buffers() {
			near(t, b.Name, b.Tensor, want.Running[i], 1e-5)
		}
		near(t, "evaluation", c.Forward(s, Batch{Values: x}, Mode{}), want.Evaluation, 1e-5)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestConv4Statistics: a network without running statistics normalizes by the
// batch always; one whose layers are frozen changes nothing of itself.
func TestConv4Statistics(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		shape := Conv4Shape{Filters: 4, Channels: 1, Height: 28, Width: 28, BatchStatistics: true}
		c, err := NewConv4(s, shape, 1, tensor.CPU)
		if err != nil {
			return err
		}
		images := s.FromFloat32(wave(1, 0, 0, 6*28*28), 6, 1, 28, 28)
		if c.Features() != 4 || len(c.Buffers()) != 0 || !DependsOnBatch(c) {
			t.Errorf("%d features, %d buffers, depends on the batch: %v", c.Features(), len(c.Buffers()), DependsOnBatch(c))
		}
		all := c.Forward(s, Batch{Values: images}, Mode{})
		some := c.Forward(s, Batch{Values: s.Narrow(images, 0, 0, 2)}, Mode{})
		a, err := s.Narrow(all, 0, 0, 2).Float64s()
		if err != nil {
			return err
		}
		b, err := some.Float64s()
		if err != nil {
			return err
		}
		if slices.Equal(a, b) {
			t.Error("the vectors do not depend on the batch")
		}

		shape.BatchStatistics = false
		if c, err = NewConv4(s, shape, 1, tensor.CPU); err != nil {
			return err
		}
		read := func() []float64 {
			var all []float64
			for _, p := range Buffers(c) {
				v, err := p.Tensor.Float64s()
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, v...)
			}
			return all
		}
		before := read()
		c.Forward(s, Batch{Values: images}, Mode{Train: true}) // no parameter wants a gradient
		if !slices.Equal(read(), before) {
			t.Error("frozen layers moved their statistics")
		}
		for _, p := range c.Blocks()[4] {
			s.SetRequiresGrad(p.Tensor, true)
		}
		c.Forward(s, Batch{Values: images}, Mode{Train: true})
		after := read()
		if n := 6 * int(shape.Filters); !slices.Equal(after[:n], before[:n]) || slices.Equal(after[n:], before[n:]) {
			t.Error("with the last layer trained, not its statistics alone moved")
		}
		c.Forward(s, Batch{Values: images}, Mode{})
		if !slices.Equal(read(), after) {
			t.Error("evaluation moved the statistics")
		}
		if _, err := NewConv4(s, Conv4Shape{Filters: 4, Channels: 1, Height: 15, Width: 28}, 1, tensor.CPU); err == nil || !strings.Contains(err.Error(), "set tasks.image_size to 16 or more") {
			t.Errorf("images of 15 pixels: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestConv4With computes with other weights and leaves the network alone.
func TestConv4With(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		c := waveConv4(s, conv4Reference)
		if len(slices.Concat(c.Blocks()...)) != len(c.Params()) || len(c.Blocks()[0]) != 0 || Layers(c) != 4 {
			t.Errorf("%d blocks of %d parameters", len(c.Blocks()), len(c.Params()))
		}
		other, err := NewConv4(s, c.Shape, 7, tensor.CPU)
		if err != nil {
			return err
		}
		x := s.FromFloat32(wave(1, 0, 0, 2*2*17*35), 2, 2, 17, 35)
		want, err := other.Forward(s, Batch{Values: x}, Mode{}).Float64s()
		if err != nil {
			return err
		}
		before, err := c.Forward(s, Batch{Values: x}, Mode{}).Float64s()
		if err != nil {
			return err
		}
		got, err := c.With(tensorsOf(other.Params())).Forward(s, Batch{Values: x}, Mode{}).Float64s()
		if err != nil {
			return err
		}
		after, err := c.Forward(s, Batch{Values: x}, Mode{}).Float64s()
		if !slices.Equal(got, want) || !slices.Equal(before, after) {
			t.Error("With computes with other tensors than those given, or changed the network")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

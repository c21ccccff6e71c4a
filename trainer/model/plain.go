package model

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Plain network is one that transformers does not know: a folder of it has
// the same files, with a config.json of our own.
type Plain interface {
	Network
	// Accepts reports whether the network computes on examples of such sides.
	Accepts(sides []int64) error
	// config returns what describes the network, for config.json.
	config() any
}

// largestPlain bounds the sizes in a config.json, and with them memory.
const largestPlain = 1 << 20

// A conv4Config is the config.json of a [Conv4].
type conv4Config struct {
	ModelType string `json:"model_type"`
	Conv4Shape
}

func (c *Conv4) config() any { return conv4Config{hf.Conv4ModelType, c.Shape} }

// Accepts implements [Plain].
func (c *Conv4) Accepts(sides []int64) error {
	return hf.PlainConfig{ModelType: hf.Conv4ModelType, Channels: c.Shape.Channels, Height: c.Shape.Height, Width: c.Shape.Width}.Accepts(sides)
}

// An mlpConfig is the config.json of an [MLP].
type mlpConfig struct {
	ModelType string  `json:"model_type"`
	Inputs    int64   `json:"inputs"`
	Widths    []int64 `json:"widths"`
}

// Accepts implements [Plain].
func (m *MLP) Accepts(sides []int64) error {
	return hf.PlainConfig{ModelType: hf.MLPModelType, Inputs: m.inputs()}.Accepts(sides)
}

func (m *MLP) inputs() int64 { return m.params[0].Tensor.Shape()[1] }

func (m *MLP) config() any {
	c := mlpConfig{ModelType: hf.MLPModelType, Inputs: m.inputs()}
	for i := 0; i < len(m.params); i += 2 {
		c.Widths = append(c.Widths, m.params[i].Tensor.Shape()[0])
	}
	return c
}

// SavePlain writes config.json and model.safetensors, each atomically.
func SavePlain(dir string, network Plain) error {
	path := filepath.Join(dir, "config.json")
	config, err := json.MarshalIndent(network.config(), "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = hf.WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(append(config, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	blobs, err := Blobs(append(append([]Param(nil), network.Params()...), Buffers(network)...))
	if err != nil {
		return err
	}
	return hf.WriteSafetensors(filepath.Join(dir, hf.SafetensorsFile), blobs, nil)
}

// LoadPlain reads a folder that [SavePlain] wrote; its model_type is one of
// those of [hf.IsPlain].
func LoadPlain(s *tensor.Scope, dir string, device tensor.Device) (Plain, error) {
	kind, err := hf.ModelType(dir)
	if err != nil {
		return nil, err
	}
	var network Plain
	from := &checkpoint{scope: s, dir: dir, path: filepath.Join(dir, hf.SafetensorsFile), device: device, byName: make(map[string]hf.Blob)}
	switch kind {
	case hf.Conv4ModelType:
		network, err = loadConv4(from)
	case hf.MLPModelType:
		network, err = loadMLP(from)
	default:
		err = fmt.Errorf("%s holds a model of type %s, which has a loader of its own", dir, kind)
	}
	if err != nil {
		return nil, err
	}
	return network, s.Err()
}

func loadConv4(from *checkpoint) (Plain, error) {
	var c conv4Config
	err := from.open(&c, func() []int64 { return []int64{c.Filters, c.Channels, c.Height, c.Width} })
	if err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", from.dir, err)
	}
	network := newConv4(c.Conv4Shape, from.device, from.tensor)
	return network, from.err
}

func loadMLP(from *checkpoint) (Plain, error) {
	var c mlpConfig
	if err := from.open(&c, func() []int64 { return append([]int64{c.Inputs}, c.Widths...) }); err != nil {
		return nil, err
	}
	if len(c.Widths) == 0 {
		return nil, fmt.Errorf("%s: config.json names no layers", from.dir)
	}
	network := NewMLP(from.scope, c.Inputs, c.Widths, 0, from.device)
	for i, p := range network.params {
		t := from.tensor(p.Name, p.Tensor.Shape()...)
		if from.err != nil {
			return nil, from.err
		}
		network.params[i].Tensor = t
	}
	return network, nil
}

// open reads config.json, whose sizes must be sensible, and the weights.
func (c *checkpoint) open(config any, sizes func() []int64) error {
	if err := hf.ReadPlain(c.dir, config); err != nil {
		return err
	}
	for _, n := range sizes() {
		if n < 1 || n > largestPlain {
			return fmt.Errorf("%s: a size is %d, want 1 to %d: the file is damaged", filepath.Join(c.dir, "config.json"), n, largestPlain)
		}
	}
	blobs, _, err := hf.ReadWeights(c.path)
	for _, b := range blobs {
		c.byName[b.Name] = b
	}
	return err
}

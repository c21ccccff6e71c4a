package hf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// GPT2ModelType is the model_type of GPT-2 (Radford et al. 2019).
const GPT2ModelType = "gpt2"

// GPT2Config is what the network needs of a GPT-2's config.json. The other
// keys of the file are kept and written back.
type GPT2Config struct {
	ModelType  string  `json:"model_type"`
	Hidden     int64   `json:"n_embd"`
	Layers     int     `json:"n_layer"`
	Heads      int64   `json:"n_head"`
	Inner      int64   `json:"n_inner"` // 0: four times Hidden
	Positions  int64   `json:"n_positions"`
	Vocabulary int64   `json:"vocab_size"`
	Activation string  `json:"activation_function"`
	Epsilon    float64 `json:"layer_norm_epsilon"`

	raw map[string]any
}

// ReadGPT2Config reads dir/config.json and checks that it describes a GPT-2
// that package model can compute.
func ReadGPT2Config(dir string) (*GPT2Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w (is %s a Hugging Face model folder?)", err, dir)
	}
	c := &GPT2Config{Activation: "gelu_new", Epsilon: 1e-5}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, damaged(path, err)
	}
	if err := json.Unmarshal(data, &c.raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if c.Inner == 0 {
		c.Inner = 4 * c.Hidden
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c *GPT2Config) check() error {
	if c.ModelType != GPT2ModelType {
		return fmt.Errorf("model_type is %q, want gpt2", c.ModelType)
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"n_embd", c.Hidden}, {"n_layer", int64(c.Layers)}, {"n_head", c.Heads}, {"n_inner", c.Inner},
		{"n_positions", c.Positions}, {"vocab_size", c.Vocabulary},
	} {
		if f.value < 1 || f.value > 1<<24 {
			return fmt.Errorf("%s is %d; want a positive number", f.name, f.value)
		}
	}
	if c.Hidden%c.Heads != 0 {
		return fmt.Errorf("n_embd %d is no multiple of n_head %d", c.Hidden, c.Heads)
	}
	if !slices.Contains(activations, c.Activation) {
		return fmt.Errorf("activation_function is %q; want one of %s", c.Activation, strings.Join(activations, ", "))
	}
	if !(c.Epsilon > 0) {
		return fmt.Errorf("layer_norm_epsilon is %g; want a positive number", c.Epsilon)
	}
	for key, want := range map[string]bool{
		"scale_attn_weights": true, "tie_word_embeddings": true,
		"scale_attn_by_inverse_layer_idx": false, "add_cross_attention": false,
	} {
		if v, ok := c.raw[key].(bool); ok && v != want {
			return fmt.Errorf("%s is %v; only %v is supported", key, v, want)
		}
	}
	return nil
}

// JSON returns the file's content with the given keys added or replaced.
func (c *GPT2Config) JSON(changes map[string]any) ([]byte, error) { return mergedJSON(c.raw, changes) }

// Tensors lists what a checkpoint must have, named as transformers names a
// GPT2Model's parameters. The head's weight is that of the word embeddings.
func (c *GPT2Config) Tensors() []TensorSpec {
	h := c.Hidden
	specs := []TensorSpec{{"wte.weight", []int64{c.Vocabulary, h}}, {"wpe.weight", []int64{c.Positions, h}}}
	for i := range c.Layers {
		prefix := fmt.Sprintf("h.%d.", i)
		specs = append(specs,
			TensorSpec{prefix + "ln_1.weight", []int64{h}}, TensorSpec{prefix + "ln_1.bias", []int64{h}},
			TensorSpec{prefix + "attn.c_attn.weight", []int64{h, 3 * h}}, TensorSpec{prefix + "attn.c_attn.bias", []int64{3 * h}},
			TensorSpec{prefix + "attn.c_proj.weight", []int64{h, h}}, TensorSpec{prefix + "attn.c_proj.bias", []int64{h}},
			TensorSpec{prefix + "ln_2.weight", []int64{h}}, TensorSpec{prefix + "ln_2.bias", []int64{h}},
			TensorSpec{prefix + "mlp.c_fc.weight", []int64{h, c.Inner}}, TensorSpec{prefix + "mlp.c_fc.bias", []int64{c.Inner}},
			TensorSpec{prefix + "mlp.c_proj.weight", []int64{c.Inner, h}}, TensorSpec{prefix + "mlp.c_proj.bias", []int64{h}},
		)
	}
	return append(specs, TensorSpec{"ln_f.weight", []int64{h}}, TensorSpec{"ln_f.bias", []int64{h}})
}

package hf

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Config is what the encoder needs of a Hugging Face config.json of a BERT
// model. The other keys of the file are kept and written back.
type Config struct {
	ModelType    string  `json:"model_type"`
	Hidden       int64   `json:"hidden_size"`
	Layers       int     `json:"num_hidden_layers"`
	Heads        int64   `json:"num_attention_heads"`
	Intermediate int64   `json:"intermediate_size"`
	Activation   string  `json:"hidden_act"`
	MaxPositions int64   `json:"max_position_embeddings"`
	Types        int64   `json:"type_vocab_size"`
	Vocabulary   int64   `json:"vocab_size"`
	Epsilon      float64 `json:"layer_norm_eps"`

	raw map[string]any
}

// Int8ModelType is the model_type of a BERT whose matrices are stored as int8.
// Other readers must not take it for a BERT: they would load it without its
// scales, and be wrong silently.
const Int8ModelType = "hpsearch-bert-int8"

// activations are the values of hidden_act that package model can compute.
var activations = []string{"gelu", "gelu_new", "gelu_pytorch_tanh", "relu"}

// ReadConfig reads dir/config.json and checks that it describes a BERT
// encoder that this package can compute.
func ReadConfig(dir string) (*Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w (is %s a Hugging Face model folder?)", err, dir)
	}
	c := &Config{Activation: "gelu", Epsilon: 1e-12, Types: 2}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, damaged(path, err)
	}
	if err := json.Unmarshal(data, &c.raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c *Config) check() error {
	if c.ModelType != "bert" && c.ModelType != Int8ModelType {
		return fmt.Errorf("model_type is %q; only bert and gpt2 can be loaded", c.ModelType)
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"hidden_size", c.Hidden}, {"num_hidden_layers", int64(c.Layers)}, {"num_attention_heads", c.Heads},
		{"intermediate_size", c.Intermediate}, {"max_position_embeddings", c.MaxPositions},
		{"type_vocab_size", c.Types}, {"vocab_size", c.Vocabulary},
	} {
		if f.value < 1 || f.value > 1<<24 {
			return fmt.Errorf("%s is %d; want a positive number", f.name, f.value)
		}
	}
	if c.Hidden%c.Heads != 0 {
		return fmt.Errorf("hidden_size %d is no multiple of num_attention_heads %d", c.Hidden, c.Heads)
	}
	if !slices.Contains(activations, c.Activation) {
		return fmt.Errorf("hidden_act is %q; want one of %s", c.Activation, strings.Join(activations, ", "))
	}
	if !(c.Epsilon > 0) {
		return fmt.Errorf("layer_norm_eps is %g; want a positive number", c.Epsilon)
	}
	if p, ok := c.raw["position_embedding_type"].(string); ok && p != "absolute" {
		return fmt.Errorf("position_embedding_type is %q; only absolute is supported", p)
	}
	return nil
}

// JSON returns the file's content with the given keys added or replaced.
func (c *Config) JSON(changes map[string]any) ([]byte, error) { return mergedJSON(c.raw, changes) }

func mergedJSON(raw, changes map[string]any) ([]byte, error) {
	merged := make(map[string]any, len(raw)+len(changes))
	maps.Copy(merged, raw)
	maps.Copy(merged, changes)
	data, err := json.MarshalIndent(merged, "", "  ")
	return append(data, '\n'), err
}

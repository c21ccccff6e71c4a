package hf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// The model_type of networks that transformers does not know. Their
// config.json holds, beside it, what describes the network.
const (
	Conv4ModelType = "hpsearch-conv4"
	MLPModelType   = "hpsearch-mlp"
)

// A PlainConfig is the config.json of such a network.
type PlainConfig struct {
	ModelType string `json:"model_type"`
	// Of a Conv4: its filters, and the images that it computes on.
	Filters  int64 `json:"filters,omitempty"`
	Channels int64 `json:"channels,omitempty"`
	Height   int64 `json:"height,omitempty"`
	Width    int64 `json:"width,omitempty"`
	// Of a perceptron: the numbers that it computes on, and its layers.
	Inputs int64   `json:"inputs,omitempty"`
	Widths []int64 `json:"widths,omitempty"`
}

// Accepts reports, as an error, that the network does not compute on examples
// of such sides: [channels, height, width] of images, or a number of numbers.
func (c PlainConfig) Accepts(sides []int64) error {
	if c.ModelType == Conv4ModelType {
		if !slices.Equal(sides, []int64{c.Channels, c.Height, c.Width}) {
			return fmt.Errorf("the model computes on images of [channels, height, width] %v, these have %v: set tasks.image_size and tasks.color",
				[]int64{c.Channels, c.Height, c.Width}, sides)
		}
		return nil
	}
	numbers := int64(1)
	for _, n := range sides {
		numbers *= n
	}
	if numbers != c.Inputs {
		return fmt.Errorf("the model computes on %d numbers an example, these have %d", c.Inputs, numbers)
	}
	return nil
}

// IsPlain reports whether a model_type is one of these networks.
func IsPlain(modelType string) bool {
	return modelType == Conv4ModelType || modelType == MLPModelType
}

// ModelType returns the model_type in a folder's config.json.
func ModelType(dir string) (string, error) {
	var c struct {
		ModelType string `json:"model_type"`
	}
	err := ReadPlain(dir, &c)
	return c.ModelType, err
}

// ReadPlain decodes a folder's config.json into config, as encoding/json does.
func ReadPlain(dir string, config any) error {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%w (is %s a model folder?)", err, dir)
	}
	if err := json.Unmarshal(data, config); err != nil {
		return damaged(path, err)
	}
	return nil
}

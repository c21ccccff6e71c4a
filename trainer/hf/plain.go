package hf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// The model_type of networks that transformers does not know. Their
// config.json holds, beside it, what describes the network.
const (
	Conv4ModelType = "hpsearch-conv4"
	MLPModelType   = "hpsearch-mlp"
)

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
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

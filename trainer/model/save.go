package model

import (
	"io"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
)

// A described model has a config.json whose other keys it keeps.
type described interface {
	JSON(changes map[string]any) ([]byte, error)
}

// saveFolder writes config.json and model.safetensors, each atomically.
func saveFolder(dir string, config described, architecture string, blobs []hf.Blob) error {
	encoded, err := config.JSON(map[string]any{"architectures": []string{architecture}, "torch_dtype": "float32"})
	if err != nil {
		return err
	}
	err = hf.WriteFile(filepath.Join(dir, "config.json"), func(w io.Writer) error {
		_, err := w.Write(encoded)
		return err
	})
	if err != nil {
		return err
	}
	// transformers refuses a file without the format.
	return hf.WriteSafetensors(filepath.Join(dir, hf.SafetensorsFile), blobs, map[string]string{"format": "pt"})
}

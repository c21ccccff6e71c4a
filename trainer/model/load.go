package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The weight files of a Hugging Face folder, in the order of preference.
const (
	SafetensorsFile = "model.safetensors"
	PyTorchFile     = "pytorch_model.bin"
)

// Load reads a BERT encoder from a Hugging Face folder onto a device. A head
// or pooler that the checkpoint has beside the encoder is left out.
func Load(s *tensor.Scope, dir string, device tensor.Device) (*Bert, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	path, blobs, err := readWeights(dir)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]Blob, len(blobs))
	for _, b := range blobs {
		byName[canonicalName(b.Name)] = b
	}
	var first error
	bert := newBert(config, device, func(name string, shape ...int64) *tensor.Tensor {
		b, ok := byName[name]
		switch {
		case first != nil:
			return nil
		case !ok:
			first = fmt.Errorf("%s: tensor %s is missing: the file does not belong to %s", path, name, filepath.Join(dir, "config.json"))
			return nil
		case !sameShape(b.Shape, shape):
			first = fmt.Errorf("%s: tensor %s has shape %v, config.json says %v", path, name, b.Shape, shape)
			return nil
		}
		host := b.Tensor(s)
		if device == tensor.CPU {
			return host
		}
		t := s.To(host, device)
		s.Free(host)
		return t
	})
	if first != nil {
		return nil, first
	}
	return bert, s.Err()
}

// CheckFolder reports what is wrong with a model folder as far as can be
// told without loading the weights.
func CheckFolder(dir string) error {
	if _, err := ReadConfig(dir); err != nil {
		return err
	}
	for _, name := range []string{SafetensorsFile, PyTorchFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Size() > 0 {
			return nil
		}
	}
	return fmt.Errorf("%s has neither %s nor %s", dir, SafetensorsFile, PyTorchFile)
}

func readWeights(dir string) (path string, blobs []Blob, err error) {
	path = filepath.Join(dir, SafetensorsFile)
	blobs, _, err = ReadSafetensors(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return path, blobs, err
	}
	path = filepath.Join(dir, PyTorchFile)
	if _, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s has neither %s nor %s", dir, SafetensorsFile, PyTorchFile)
	}
	blobs, err = ReadPyTorch(path)
	return path, blobs, err
}

// canonicalName strips the prefix that a model with a head puts before the
// encoder's names, and translates the names of TensorFlow's LayerNorm.
func canonicalName(name string) string {
	name = strings.TrimPrefix(name, "bert.")
	if prefix, ok := strings.CutSuffix(name, "LayerNorm.gamma"); ok {
		return prefix + "LayerNorm.weight"
	}
	if prefix, ok := strings.CutSuffix(name, "LayerNorm.beta"); ok {
		return prefix + "LayerNorm.bias"
	}
	return name
}

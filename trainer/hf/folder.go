package hf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The weight files of a Hugging Face folder, in the order of preference.
const (
	SafetensorsFile = "model.safetensors"
	PyTorchFile     = "pytorch_model.bin"
)

// A TensorSpec is the name and shape of a tensor that a model needs.
type TensorSpec struct {
	Name  string
	Shape []int64
}

// Tensors lists what a checkpoint of the encoder must have, in the order of
// computation, named as transformers names a BertModel's parameters.
func (c *Config) Tensors() []TensorSpec {
	var specs []TensorSpec
	add := func(name string, shape ...int64) { specs = append(specs, TensorSpec{name, shape}) }
	dense := func(name string, out, in int64) {
		add(name+".weight", out, in)
		add(name+".bias", out)
	}
	norm := func(name string) {
		add(name+".weight", c.Hidden)
		add(name+".bias", c.Hidden)
	}
	add("embeddings.word_embeddings.weight", c.Vocabulary, c.Hidden)
	add("embeddings.position_embeddings.weight", c.MaxPositions, c.Hidden)
	add("embeddings.token_type_embeddings.weight", c.Types, c.Hidden)
	norm("embeddings.LayerNorm")
	for i := range c.Layers {
		prefix := fmt.Sprintf("encoder.layer.%d.", i)
		dense(prefix+"attention.self.query", c.Hidden, c.Hidden)
		dense(prefix+"attention.self.key", c.Hidden, c.Hidden)
		dense(prefix+"attention.self.value", c.Hidden, c.Hidden)
		dense(prefix+"attention.output.dense", c.Hidden, c.Hidden)
		norm(prefix + "attention.output.LayerNorm")
		dense(prefix+"intermediate.dense", c.Intermediate, c.Hidden)
		dense(prefix+"output.dense", c.Hidden, c.Intermediate)
		norm(prefix + "output.LayerNorm")
	}
	return specs
}

// CheckFolder reports what is wrong with a model folder as far as can be
// told from config.json and the header of the weights, which takes
// milliseconds: files that are missing, cut short, or of another model, and
// int8 weights, which are for prediction only.
func CheckFolder(dir string) error {
	if kind, err := ModelType(dir); err == nil && kind == GPT2ModelType {
		config, err := ReadGPT2Config(dir)
		if err != nil {
			return err
		}
		return checkWeights(dir, config.Tensors())
	}
	config, err := ReadConfig(dir)
	if err != nil {
		return err
	}
	if config.ModelType == Int8ModelType {
		return fmt.Errorf("%s holds int8 weights, which cannot be trained: name the folder of the fp32 model", dir)
	}
	return checkWeights(dir, config.Tensors())
}

// checkWeights compares the header of the weights with what must be there.
func checkWeights(dir string, tensors []TensorSpec) error {
	path := filepath.Join(dir, SafetensorsFile)
	blobs, err := readHeader(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return checkPyTorch(dir)
	case err != nil:
		return err
	}
	shapes := make(map[string][]int64, len(blobs))
	for _, b := range blobs {
		shapes[CanonicalName(b.Name)] = b.Shape
	}
	for _, want := range tensors {
		shape, ok := shapes[want.Name]
		if !ok {
			return fmt.Errorf("%s: tensor %s is missing: the file does not belong to %s", path, want.Name, filepath.Join(dir, "config.json"))
		}
		if !SameShape(shape, want.Shape) {
			return fmt.Errorf("%s: tensor %s has shape %v, config.json says %v", path, want.Name, shape, want.Shape)
		}
	}
	return nil
}

// checkPyTorch looks only whether the file is there: what is in it can be
// told only by reading it.
func checkPyTorch(dir string) error {
	path := filepath.Join(dir, PyTorchFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has neither %s nor %s: %s", dir, SafetensorsFile, PyTorchFile, Again(dir))
	case err != nil:
		return err
	case info.Size() == 0:
		return fmt.Errorf("%s is empty: %s", path, Again(dir))
	}
	return nil
}

// readHeader returns the blobs of a safetensors file without their data. The
// data must be there in full.
func readHeader(path string) ([]Blob, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var size uint64
	if err := binary.Read(f, binary.LittleEndian, &size); err != nil {
		return nil, damaged(path, fmt.Errorf("not a safetensors file, or cut short: only %d bytes", info.Size()))
	}
	if err := checkHeaderSize(size, info.Size()); err != nil {
		return nil, damaged(path, err)
	}
	header := make([]byte, size)
	if _, err := io.ReadFull(f, header); err != nil {
		return nil, damaged(path, err)
	}
	blobs, _, err := parseHeader(header, info.Size()-8-int64(size))
	if err != nil {
		return nil, damaged(path, err)
	}
	return blobs, nil
}

// SameShape reports whether two shapes are equal.
func SameShape(a, b []int64) bool { return slices.Equal(a, b) }

// GPT2Prefix stands before the names of a GPT-2 with a head.
const GPT2Prefix = "transformer."

// CanonicalName strips the prefix that a model with a head puts before the
// network's names, and translates the names of TensorFlow's LayerNorm.
func CanonicalName(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "bert."), GPT2Prefix)
	if prefix, ok := strings.CutSuffix(name, "LayerNorm.gamma"); ok {
		return prefix + "LayerNorm.weight"
	}
	if prefix, ok := strings.CutSuffix(name, "LayerNorm.beta"); ok {
		return prefix + "LayerNorm.bias"
	}
	return name
}

package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Load reads a BERT encoder from a Hugging Face folder onto a device. A head
// or pooler that the checkpoint has beside the encoder is left out.
func Load(s *tensor.Scope, dir string, device tensor.Device) (*Bert, error) {
	config, from, err := openCheckpoint(s, dir, device)
	if err != nil {
		return nil, err
	}
	bert := newBert(config, device, from)
	if from.err != nil {
		return nil, from.err
	}
	return bert, s.Err()
}

func openCheckpoint(s *tensor.Scope, dir string, device tensor.Device) (*hf.Config, *checkpoint, error) {
	config, err := hf.ReadConfig(dir)
	if err != nil {
		return nil, nil, err
	}
	path, blobs, err := readWeights(dir)
	if err != nil {
		return nil, nil, err
	}
	from := &checkpoint{scope: s, dir: dir, path: path, device: device, byName: make(map[string]hf.Blob, len(blobs))}
	for _, b := range blobs {
		from.byName[hf.CanonicalName(b.Name)] = b
	}
	return config, from, nil
}

// A checkpoint is a source of tensors in a file. It remembers its first error.
type checkpoint struct {
	scope     *tensor.Scope
	dir, path string
	device    tensor.Device
	byName    map[string]hf.Blob
	err       error
}

// find returns the blob of that name if it has the right shape.
func (c *checkpoint) find(name string, shape []int64) (hf.Blob, bool) {
	b, ok := c.byName[name]
	switch {
	case c.err != nil:
	case !ok:
		c.err = fmt.Errorf("%s: tensor %s is missing: the file does not belong to %s", c.path, name, filepath.Join(c.dir, "config.json"))
	case !hf.SameShape(b.Shape, shape):
		c.err = fmt.Errorf("%s: tensor %s has shape %v, config.json says %v", c.path, name, b.Shape, shape)
	}
	return b, c.err == nil
}

func (c *checkpoint) tensor(name string, shape ...int64) *tensor.Tensor {
	b, ok := c.find(name, shape)
	if !ok {
		return nil
	}
	host := toTensor(c.scope, b)
	if b.DType == "I8" { // rows of a quantized table, such as the embeddings
		host = c.dequantize(name, host, shape[0])
	}
	if c.device == tensor.CPU {
		return host
	}
	t := c.scope.To(host, c.device)
	c.scope.Free(host)
	return t
}

func readWeights(dir string) (path string, blobs []hf.Blob, err error) {
	path = filepath.Join(dir, hf.SafetensorsFile)
	blobs, _, err = hf.ReadWeights(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return path, blobs, err
	}
	path = filepath.Join(dir, hf.PyTorchFile)
	if _, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s has neither %s nor %s: %s", dir, hf.SafetensorsFile, hf.PyTorchFile, hf.Again(dir))
	}
	blobs, err = ReadPyTorch(path)
	return path, blobs, err
}

// ReadPooler returns the pooler of a checkpoint, the layer on top of [CLS]
// that transformers' BertModel has and this package does not use; none if the
// checkpoint has none. It is written back so that transformers finds what it
// expects.
func ReadPooler(dir string) ([]hf.Blob, error) {
	_, blobs, err := readWeights(dir)
	if err != nil {
		return nil, err
	}
	var pooler []hf.Blob
	for _, b := range blobs {
		b.Name = hf.CanonicalName(b.Name)
		if strings.HasPrefix(b.Name, "pooler.") {
			b.Data = append([]byte(nil), b.Data...) // lets go of the file's buffer
			pooler = append(pooler, b)
		}
	}
	return pooler, nil
}

package model

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// ErrOtherLoRA marks the error about matrices of another rank, another scale or
// another network.
var ErrOtherLoRA = errors.New("the matrices of LoRA are of another kind")

// loraScale is what a file of matrices says their products count, as its
// metadata has it.
const loraScale = "scale"

// Save writes the matrices to a safetensors file.
func (l *LoRA) Save(path string) error {
	blobs, err := Blobs(l.added)
	if err != nil {
		return err
	}
	return hf.WriteSafetensors(path, blobs, map[string]string{loraScale: formatScale(l.scale)})
}

// Load takes up the matrices of a file, whose product the base has already. An
// [ErrOtherLoRA] leaves the network as it was.
func (l *LoRA) Load(s *tensor.Scope, path string) error {
	blobs, metadata, err := hf.ReadWeights(path)
	if err != nil {
		return err
	}
	if want := formatScale(l.scale); metadata[loraScale] != want {
		return fmt.Errorf("%s: %w: they count %q times, not %s", path, ErrOtherLoRA, metadata[loraScale], want)
	}
	shapes := make(map[string][]int64, len(blobs))
	for _, b := range blobs {
		shapes[b.Name] = b.Shape
	}
	for _, p := range l.added {
		if shape, ok := shapes[p.Name]; !ok || !hf.SameShape(shape, p.Tensor.Shape()) {
			return fmt.Errorf("%s: %w: %s has shape %v, not %v", path, ErrOtherLoRA, p.Name, shape, p.Tensor.Shape())
		}
	}
	if err := Restore(s, l.added, blobs); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	l.Rebase(s)
	return s.Err()
}

func formatScale(scale float64) string { return strconv.FormatFloat(scale, 'g', -1, 64) }

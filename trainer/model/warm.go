package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// notNetwork begins the names of tensors that stand beside a network's own.
var notNetwork = []string{"pooler.", "cls.", "lm_head.", "classifier.", "projection.", "head."}

// Overwrite gives a network the weights that a folder has for one of the same
// architecture. What differs is an error, but for running statistics: they are
// taken where both keep them.
func Overwrite(s *tensor.Scope, network Network, dir string) error {
	path, blobs, err := readWeights(dir)
	if err != nil {
		return err
	}
	params := slices.Clone(network.Params())
	for _, p := range Buffers(network) {
		if slices.ContainsFunc(blobs, func(b hf.Blob) bool { return b.Name == p.Name }) {
			params = append(params, p)
		}
	}
	ours := make(map[string]bool, len(params))
	for _, p := range params {
		ours[p.Name] = true
	}
	for i := range blobs {
		if !ours[blobs[i].Name] {
			blobs[i].Name = hf.CanonicalName(blobs[i].Name)
		}
		if !ours[blobs[i].Name] && !beside(blobs[i].Name) {
			return fmt.Errorf("%s: the model has no tensor %s: the architectures differ", path, blobs[i].Name)
		}
		if blobs[i].DType == "I8" {
			return fmt.Errorf("%s holds int8 weights, which cannot be trained: name the folder of the fp32 model", dir)
		}
	}
	if err := Restore(s, params, blobs); err != nil {
		return fmt.Errorf("%s: %w: the architectures differ", path, err)
	}
	return s.Err()
}

func beside(name string) bool {
	for _, prefix := range notNetwork {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	if strings.Contains(name, ".running_") { // of a network that keeps none
		return true
	}
	// GPT-2's checkpoints may hold the causal mask.
	return strings.HasSuffix(name, ".attn.bias") || strings.HasSuffix(name, ".attn.masked_bias") || name == "embeddings.position_ids"
}

// ReadNamed reads a safetensors file and overwrites those parameters that it
// has in the same shape; it returns how many.
func ReadNamed(s *tensor.Scope, params []Param, path string) (int, error) {
	blobs, _, err := hf.ReadWeights(path)
	if err != nil {
		return 0, err
	}
	byName := make(map[string]hf.Blob, len(blobs))
	for _, b := range blobs {
		byName[b.Name] = b
	}
	var fitting []Param
	for _, p := range params {
		if b, ok := byName[p.Name]; ok && hf.SameShape(b.Shape, p.Tensor.Shape()) {
			fitting = append(fitting, p)
		}
	}
	return len(fitting), Restore(s, fitting, blobs)
}

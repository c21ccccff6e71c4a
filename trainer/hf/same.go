package hf

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// architectureKeys are the keys of config.json by which two models compute
// the same: weights of one can take the place of the other's.
var architectureKeys = []string{
	"model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
	"max_position_embeddings", "vocab_size", "layer_norm_eps",
	"n_embd", "n_layer", "n_head", "n_inner", "n_positions", "activation_function", "layer_norm_epsilon",
	"filters", "channels", "height", "width", "inputs", "widths", // of our own networks
}

// SameArchitecture reports, as an error, the first thing in which the
// config.json of two folders describe different networks.
func SameArchitecture(a, b string) error {
	var left map[string]any
	if err := ReadPlain(a, &left); err != nil {
		return err
	}
	return HasArchitecture(b, left, a)
}

// HasArchitecture is [SameArchitecture] with a network that has no folder yet:
// keys of its config.json, as encoding/json decodes them, and what messages
// call it.
func HasArchitecture(dir string, keys map[string]any, name string) error {
	var has map[string]any
	if err := ReadPlain(dir, &has); err != nil {
		return err
	}
	for _, key := range architectureKeys {
		if l, r := keys[key], has[key]; l != nil && r != nil && !reflect.DeepEqual(l, r) {
			return fmt.Errorf("%s has %s %v, %s has %v", name, key, l, dir, r)
		}
	}
	return nil
}

// vocabularyFiles hold which token has which id. Two tokenizers that have one
// of them in common, byte by byte, are the same.
var vocabularyFiles = []string{"vocab.txt", "vocab.json", "merges.txt", "tokenizer.json"}

// SameTokenizer reports, as an error, that the tokenizers of two places, each
// a folder or a vocab.txt, differ.
func SameTokenizer(a, b string) error {
	compared := false
	for _, name := range vocabularyFiles {
		left, err := readVocabulary(a, name)
		if err != nil {
			return err
		}
		right, err := readVocabulary(b, name)
		if err != nil {
			return err
		}
		if left == nil || right == nil {
			continue
		}
		if !bytes.Equal(left, right) {
			return fmt.Errorf("the tokenizers of %s and %s differ: their %s are not the same", a, b, name)
		}
		compared = true
	}
	if !compared {
		return fmt.Errorf("the tokenizers of %s and %s cannot be compared: they have no file in common", a, b)
	}
	return nil
}

// readVocabulary returns a file of a place, nil if it has none.
func readVocabulary(place, name string) ([]byte, error) {
	path := filepath.Join(place, name)
	if info, err := os.Stat(place); err == nil && info.Mode().IsRegular() {
		if name != "vocab.txt" {
			return nil, nil
		}
		path = place
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

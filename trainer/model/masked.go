package model

import (
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A MaskedLM is a BERT with the head that guesses masked tokens (Devlin et al.
// 2019, section 3.1): a dense layer with activation and LayerNorm, then the
// product with the word embeddings, which are the same numbers as below.
type MaskedLM struct {
	*Bert
	transform linear
	norm      layerNorm
	bias      *tensor.Tensor // [vocabulary]
	head      []Param
}

// headPrefix stands before the head's names, as transformers'
// BertForMaskedLM has them; encoderPrefix before the encoder's.
const (
	headPrefix    = "cls.predictions."
	encoderPrefix = "bert."
)

// NewMaskedLM returns a model with new weights, drawn as [New] does.
func NewMaskedLM(s *tensor.Scope, config *hf.Config, seed int64, device tensor.Device) (*MaskedLM, error) {
	m := newMaskedLM(config, device, fresh{scope: s, seed: seed, device: device})
	return m, s.Err()
}

// LoadMaskedLM reads a model with its head from a Hugging Face folder.
func LoadMaskedLM(s *tensor.Scope, dir string, device tensor.Device) (*MaskedLM, error) {
	config, from, err := openCheckpoint(s, dir, device)
	if err != nil {
		return nil, err
	}
	m := newMaskedLM(config, device, from)
	if from.err != nil {
		return nil, from.err
	}
	return m, s.Err()
}

func newMaskedLM(c *hf.Config, device tensor.Device, from source) *MaskedLM {
	m := &MaskedLM{Bert: newBert(c, device, from)}
	take := func(name string, shape ...int64) *tensor.Tensor {
		t := from.tensor(headPrefix+name, shape...)
		m.head = append(m.head, Param{Name: headPrefix + name, Tensor: t})
		return t
	}
	m.transform = linear{name: headPrefix + "transform.dense", weight: take("transform.dense.weight", c.Hidden, c.Hidden), bias: take("transform.dense.bias", c.Hidden)}
	m.norm = layerNorm{weight: take("transform.LayerNorm.weight", c.Hidden), bias: take("transform.LayerNorm.bias", c.Hidden)}
	m.bias = take("bias", c.Vocabulary)
	return m
}

// Params returns the parameters of encoder and head.
func (m *MaskedLM) Params() []Param {
	return append(append([]Param(nil), m.Bert.Params()...), m.head...)
}

// Logits returns what the model guesses at some places of a batch,
// [places, vocabulary]. places is int64 [places]: row times length plus
// column.
func (m *MaskedLM) Logits(s *tensor.Scope, in Batch, places *tensor.Tensor, mode Mode) *tensor.Tensor {
	hidden := s.Reshape(m.Encode(s, in, mode.Dropout), -1, m.Config.Hidden)
	x := m.activation(s, m.transform.apply(s, s.IndexSelect(hidden, 0, places)))
	return s.Linear(m.norm.apply(s, x, m.Config.Epsilon), m.words, m.bias)
}

// Save writes config.json and model.safetensors as transformers'
// BertForMaskedLM has them into a folder that is there.
func (m *MaskedLM) Save(dir string) error {
	blobs, err := Blobs(m.Params())
	if err != nil {
		return err
	}
	for i := range blobs {
		if !strings.HasPrefix(blobs[i].Name, headPrefix) {
			blobs[i].Name = encoderPrefix + blobs[i].Name
		}
	}
	return saveFolder(dir, m.Config, "BertForMaskedLM", blobs)
}

package export

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Prediction is the likeliest label of a text.
type Prediction struct {
	Label       string  `json:"label"`
	Probability float64 `json:"probability"` // softmax over the task's labels
}

// A Predictor labels texts with an adapted model. It belongs to the scope
// that it was loaded in.
type Predictor struct{ bundle *Bundle }

// NewPredictor loads an adapted model.
func NewPredictor(s *tensor.Scope, dir string, device tensor.Device) (*Predictor, error) {
	b, err := Load(s, dir, device)
	if err != nil {
		return nil, err
	}
	if len(b.Manifest.Labels) == 0 {
		return nil, fmt.Errorf("%s knows no labels yet: fit it to a task with `hpsearch adapt %s --task FILE.jsonl --to DIR`", dir, dir)
	}
	return &Predictor{bundle: b}, nil
}

// Predict labels texts.
func (p *Predictor) Predict(s *tensor.Scope, texts []string) ([]Prediction, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	b := p.bundle
	corpus := meta.NewCorpus(b.Tokenizer, texts, b.Manifest.MaxLength)
	var probabilities []float64
	err := s.Run(func(s *tensor.Scope) error {
		outputs, err := b.Learner.OutputAll(s, corpus, meta.All(len(texts)))
		if err != nil {
			return err
		}
		probabilities, err = s.Softmax(outputs, -1).Float64s()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	ways := len(b.Manifest.Labels)
	predictions := make([]Prediction, len(texts))
	for i := range texts {
		row := probabilities[i*ways : (i+1)*ways]
		best := argmax(row)
		predictions[i] = Prediction{Label: b.Manifest.Labels[best], Probability: row[best]}
	}
	return predictions, nil
}

package export

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Prediction is the likeliest label of a text or an image.
type Prediction struct {
	Label       string  `json:"label"`
	Probability float64 `json:"probability"` // softmax over the task's labels
}

// A Predictor labels texts or images with an adapted model. It belongs to the scope
// that it was loaded in.
type Predictor struct{ bundle *Bundle }

// NewPredictor loads an adapted model.
func NewPredictor(s *tensor.Scope, dir string, device tensor.Device) (*Predictor, error) {
	b, err := Load(s, dir, device)
	if err != nil {
		return nil, err
	}
	if len(b.Manifest.Labels) == 0 {
		task := "FILE.jsonl"
		if b.Manifest.Images != nil {
			task = "FOLDER"
		}
		return nil, fmt.Errorf("%s knows no labels yet: fit it to a task with `hpsearch adapt %s --task %s --to DIR`", dir, dir, task)
	}
	return &Predictor{bundle: b}, nil
}

// Predict labels texts, or the images in files of those names.
func (p *Predictor) Predict(s *tensor.Scope, items []string) ([]Prediction, error) {
	if len(items) == 0 {
		return nil, nil
	}
	b := p.bundle
	inputs, err := b.itemInputs(items)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	var probabilities []float64
	err = s.Run(func(s *tensor.Scope) error {
		outputs, err := b.Learner.OutputAll(s, inputs, meta.All(len(items)))
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
	predictions := make([]Prediction, len(items))
	for i := range items {
		row := probabilities[i*ways : (i+1)*ways]
		best := argmax(row)
		predictions[i] = Prediction{Label: b.Manifest.Labels[best], Probability: row[best]}
	}
	return predictions, nil
}

// itemInputs returns texts, or the images in files, as the model reads them.
func (b *Bundle) itemInputs(items []string) (meta.Inputs, error) {
	if b.Manifest.Images == nil {
		return meta.NewCorpus(b.Tokenizer, items, b.Manifest.MaxLength), nil
	}
	images, err := task.ReadImages(items, b.Manifest.reading(), b.Manifest.Images.Width, b.Manifest.Images.Height)
	if err != nil {
		return nil, err
	}
	return b.familyInputs(&task.Family{Images: images})
}

package export

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Prediction is the likeliest label of a text or an image.
type Prediction struct {
	Label       string  `json:"label"`
	Probability float64 `json:"probability"` // softmax over the task's labels
	// Continuation is how a model that generates text goes on; it has no
	// labels.
	Continuation string `json:"continuation,omitempty"`
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
	if b.Manifest.Type != setting.Generation && len(b.Manifest.Labels) == 0 {
		task := "FILE.jsonl"
		if b.Manifest.Images != nil {
			task = "FOLDER"
		}
		return nil, fmt.Errorf("%s knows no labels yet: fit it to a task with `hpsearch adapt %s --task %s --to DIR`", dir, dir, task)
	}
	return &Predictor{bundle: b}, nil
}

// Generates reports whether the model continues texts rather than label them.
func (p *Predictor) Generates() bool { return p.bundle.Manifest.Type == setting.Generation }

// Continue goes on with texts. Each has draws of its own, so that what else is
// asked for does not matter. how.Stop is set here.
func (p *Predictor) Continue(s *tensor.Scope, texts []string, how model.Sampling) ([]Prediction, error) {
	g, ok := p.bundle.Learner.Network.(*model.GPT2)
	if !ok {
		return nil, fmt.Errorf("predict: the model generates no text")
	}
	how.Stop = p.bundle.Tokenizer.Special().SEP
	predictions := make([]Prediction, len(texts))
	for i, t := range texts {
		ids := p.bundle.Tokenizer.Encode(t, 0)
		more, err := g.Generate(s, ids[:len(ids)-1], how) // without the end of the text
		if err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
		if predictions[i].Continuation, err = p.bundle.Tokenizer.Decode(more); err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
	}
	return predictions, nil
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

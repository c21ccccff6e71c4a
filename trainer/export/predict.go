package export

import (
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Prediction is the likeliest label of a text or an image.
type Prediction struct {
	Label       string  `json:"label,omitempty"`
	Probability float64 `json:"probability,omitempty"` // softmax over the task's labels
	// Value is what a regression says, in the unit of the task's labels; it has
	// no label.
	Value *float64 `json:"value,omitempty"`
	// Continuation is how a model that generates text goes on; it has no
	// labels.
	Continuation string `json:"continuation,omitempty"`
}

// A Predictor labels texts or images with an adapted model. It belongs to the scope
// that it was loaded in.
type Predictor struct{ bundle *Bundle }

// NewPredictor loads an adapted model onto a device: auto, cpu, cuda or cuda:N;
// "" is auto.
func NewPredictor(s *tensor.Scope, dir, device string) (*Predictor, error) {
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	on, err := manifest.device(device)
	if err != nil {
		return nil, err
	}
	b, err := Load(s, dir, on)
	if err != nil {
		return nil, err
	}
	if err := b.Manifest.predicts(dir); err != nil {
		return nil, err
	}
	b.withoutLoRA()
	return &Predictor{bundle: b}, nil
}

// predicts reports why the model in a folder has nothing to say yet.
func (m *Manifest) predicts(dir string) error {
	if m.ready() {
		return nil
	}
	task, lacks := "FILE.jsonl", "knows no labels yet"
	switch {
	case m.generated():
		return fmt.Errorf("%s was trained on sine curves, which no file holds: predict reads texts and images", dir)
	case m.Type == setting.Regression:
		lacks = "has learned no task yet"
	case m.Images != nil:
		task = "FOLDER"
	}
	return fmt.Errorf("%s %s: fit it to a task with `hpsearch adapt %s --task %s --to DIR`", dir, lacks, dir, task)
}

// Generates reports whether the model continues texts rather than label them.
func (p *Predictor) Generates() bool { return p.bundle.Manifest.Type == setting.Generation }

// Continue goes on with texts. Each has draws of its own, so that what else is
// asked for does not matter. how.Stop is set here.
func (p *Predictor) Continue(s *tensor.Scope, texts []string, how model.Sampling) ([]Prediction, error) {
	g, ok := p.bundle.Learner.Network.(*model.GPT2)
	if !ok {
		return nil, fmt.Errorf("the model generates no text")
	}
	how.Stop = p.bundle.Tokenizer.Special().SEP
	predictions := make([]Prediction, len(texts))
	for i, t := range texts {
		ids := p.bundle.Tokenizer.Encode(t, 0)
		more, err := g.Generate(s, ids[:len(ids)-1], how) // without the end of the text
		if err != nil {
			return nil, err
		}
		if predictions[i].Continuation, err = p.bundle.Tokenizer.Decode(more); err != nil {
			return nil, err
		}
	}
	return predictions, nil
}

// Predict labels texts, or the images in files of those names; a regression
// gives each a number.
func (p *Predictor) Predict(s *tensor.Scope, items []string) ([]Prediction, error) {
	if len(items) == 0 {
		return nil, nil
	}
	b := p.bundle
	inputs, err := b.itemInputs(items)
	if err != nil {
		return nil, err
	}
	regression := b.Manifest.Type == setting.Regression
	var answers []float64 // row by row
	err = s.Run(func(s *tensor.Scope) error {
		outputs, err := b.Learner.OutputAll(s, inputs, meta.All(len(items)))
		if err != nil {
			return err
		}
		if !regression {
			outputs = s.Softmax(outputs, -1)
		}
		answers, err = outputs.Float64s()
		return err
	})
	if err != nil {
		return nil, err
	}
	if regression {
		return b.values(answers)
	}
	ways := len(b.Manifest.Labels)
	predictions := make([]Prediction, len(items))
	for i := range items {
		row := answers[i*ways : (i+1)*ways]
		best := argmax(row)
		predictions[i] = Prediction{Label: b.Manifest.Labels[best], Probability: row[best]}
	}
	return predictions, nil
}

// values returns what a regression says, on the scale of the labels.
func (b *Bundle) values(answers []float64) ([]Prediction, error) {
	predictions := make([]Prediction, len(answers))
	for i, y := range answers {
		v := b.Manifest.Scale.Back(y)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("the model says %g, which is no number: gradient descent ran away when it was adapted", v)
		}
		predictions[i].Value = &v
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

package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/freeze"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// LoadLearner loads the pretrained encoder that a configuration names, or
// makes the one that it describes, its weights drawn from seed, with a head
// fit for its algorithm. Whether the network can do what is configured is for
// [Learner.Fits] to say.
func LoadLearner(s *tensor.Scope, config *setting.Config, tokenizer *text.Tokenizer, seed int64, device tensor.Device) (*Learner, error) {
	encoder, err := loadBERT(s, config, tokenizer, seed, device)
	if err != nil {
		return nil, err
	}
	if encoder.Config.ModelType == hf.Int8ModelType {
		return nil, fmt.Errorf("%s holds int8 weights, which cannot be trained: name the folder of the fp32 model", config.Model)
	}
	if err := tokenizer.Fits(int(encoder.Config.Vocabulary)); err != nil {
		return nil, fmt.Errorf("%s: %w", config.Model, err)
	}
	l := &Learner{Network: &model.Encoder{Bert: encoder, Pooling: model.Pooling(config.Pooling)}}
	// joint has a head of its own for each task; the others need one on top
	// of the encoder, or all-but-head would leave them nothing to train.
	if config.Algorithm != "joint" {
		l.Projection = NewProjection(s, encoder.Config.Hidden, device)
	}
	return l, s.Err()
}

// loadBERT loads or makes the encoder.
func loadBERT(s *tensor.Scope, config *setting.Config, tokenizer *text.Tokenizer, seed int64, device tensor.Device) (*model.Bert, error) {
	if config.Model.Kind != setting.ModelBERT {
		return model.Load(s, config.Model.Path, device)
	}
	m := config.Model
	shape, err := hf.NewBERT(hf.Shape{
		Layers: m.Layers, Hidden: m.Hidden[0], Heads: m.Heads,
		Vocabulary: int64(tokenizer.VocabSize()), Positions: max(minPositions, int64(config.MaxLength)), Pad: tokenizer.Special().Pad,
	})
	if err != nil {
		return nil, err
	}
	return model.New(s, shape, seed, device)
}

// minPositions is the least number of positions of a new model, BERT's own, so
// that longer texts than those it was trained on can be given to it.
const minPositions = 512

// Fits reports what of a configuration the network cannot do.
func (l *Learner) Fits(config *setting.Config) error {
	if e := l.Encoder(); e != nil && int64(config.MaxLength) > e.Config.MaxPositions {
		return fmt.Errorf("max_length %d exceeds the %d positions of the model in %s", config.MaxLength, e.Config.MaxPositions, config.Model)
	}
	return config.Freeze.Fits(freeze.Anatomy(l.Network))
}

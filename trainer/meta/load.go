package meta

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/freeze"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// A Blueprint says what a learner is made from.
type Blueprint struct {
	Config    *setting.Config
	Tokenizer *text.Tokenizer // of texts; nil for other inputs
	Inputs    Inputs          // what the network is to compute on
	Seed      int64           // of the weights of what is made from nothing
	Device    tensor.Device
}

// LoadLearner loads the pretrained network that a configuration names, or
// makes the one that it describes, with a head fit for its algorithm. Whether
// the network can do what is configured is for [Learner.Fits] to say.
func LoadLearner(s *tensor.Scope, b Blueprint) (*Learner, error) {
	network, err := b.network(s)
	if err != nil {
		return nil, err
	}
	markTrained(s, network, b.Config)
	l := &Learner{Network: network, Type: b.Config.Tasks.Type, BF16: b.Config.Precision == setting.BF16}
	switch {
	case b.Config.SharedHead():
		tensor.Seed(mix(b.Seed, headStream))
		l.Head = NewHead(s, b.Config.Outputs(), network)
	case b.Config.Algorithm == setting.Protonet && b.Config.Model.Path != "":
		// Or all-but-head would leave nothing to train.
		l.Projection = NewProjection(s, network.Features(), b.Device)
	}
	if err := b.warmStart(s, l); err != nil {
		return nil, err
	}
	if err := b.addLoRA(s, l); err != nil {
		return nil, err
	}
	return l, s.Err()
}

// LoRAFile is where an exported model has the matrices of LoRA, if tasks are
// learned by changing them.
const LoRAFile = "lora.safetensors"

// addLoRA gives a learner the matrices of LoRA where tasks are learned by
// changing them: there must be some before the training, and after it. Those of a
// model to start from are taken up if all of them fit.
func (b Blueprint) addLoRA(s *tensor.Scope, l *Learner) error {
	if !b.Config.AdaptsLoRA() || b.Config.Freeze.Fits(freeze.Anatomy(l.Network)) != nil {
		return nil
	}
	tensor.Seed(mix(b.Seed, freezeStream))
	lora := freeze.AddLoRA(s, l.Network, b.Config)
	l.Network = lora.Network()
	for _, p := range lora.Added() {
		s.SetRequiresGrad(p.Tensor, true)
	}
	if b.Config.WarmStart == "" {
		return nil
	}
	err := lora.Load(s, filepath.Join(b.Config.WarmStart, LoRAFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, model.ErrOtherLoRA) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrWarmStart, err)
	}
	return nil
}

// markTrained marks what a training with that configuration changes at any
// step, so that an inner loop which freezes what the outer one does adapts the
// same before the training as after it. What the network cannot do is for
// [Learner.Fits] to say.
func markTrained(s *tensor.Scope, network model.Network, config *setting.Config) {
	for _, p := range network.Params() {
		s.SetRequiresGrad(p.Tensor, false)
	}
	if config.Freeze.Kind == setting.FreezeLoRA || config.Freeze.Fits(freeze.Anatomy(network)) != nil {
		return
	}
	plan, err := freeze.New(s, network, config, math.MaxInt32)
	if err != nil {
		return
	}
	for _, p := range plan.Params() {
		s.SetRequiresGrad(p.Tensor, true)
	}
}

// network loads or makes the network.
func (b Blueprint) network(s *tensor.Scope) (model.Network, error) {
	switch b.Config.Model.Kind {
	case "":
		switch kind, err := hf.ModelType(b.Config.Model.Path); {
		case err == nil && hf.IsPlain(kind):
			return b.plain(s)
		case err == nil && kind == hf.GPT2ModelType:
			return b.gpt2(s)
		}
		return b.encoder(s)
	case setting.ModelBERT:
		return b.encoder(s)
	case setting.ModelMLP:
		return b.mlp(s)
	case setting.ModelConv4:
		return b.conv4(s)
	}
	return nil, fmt.Errorf("model: the trainer makes no %s", b.Config.Model.Kind)
}

// encoder loads or makes an encoder of texts.
func (b Blueprint) encoder(s *tensor.Scope) (model.Network, error) {
	if b.Tokenizer == nil {
		return nil, fmt.Errorf("model: %s reads texts, and tasks of kind %s have none", b.Config.Model, b.Config.Tasks.Kind)
	}
	encoder, err := loadBERT(s, b.Config, b.Tokenizer, b.Seed, b.Device)
	if err != nil {
		return nil, err
	}
	if encoder.Config.ModelType == hf.Int8ModelType {
		return nil, fmt.Errorf("%s holds int8 weights, which cannot be trained: name the folder of the fp32 model", b.Config.Model)
	}
	if err := b.Tokenizer.Fits(int(encoder.Config.Vocabulary)); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Config.Model, err)
	}
	return &model.Encoder{Bert: encoder, Pooling: model.Pooling(b.Config.Pooling)}, nil
}

// gpt2 loads a language model.
func (b Blueprint) gpt2(s *tensor.Scope) (model.Network, error) {
	if b.Tokenizer == nil {
		return nil, fmt.Errorf("model: %s reads texts, and tasks of kind %s have none", b.Config.Model, b.Config.Tasks.Kind)
	}
	g, err := model.LoadGPT2(s, b.Config.Model.Path, b.Device)
	if err != nil {
		return nil, err
	}
	if err := b.Tokenizer.Fits(int(g.Config.Vocabulary)); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Config.Model, err)
	}
	// There may be no head: an inner loop that is measured before training
	// must find what it can adapt. Freezing decides anew.
	for _, p := range g.Params() {
		s.SetRequiresGrad(p.Tensor, true)
	}
	return g, s.Err()
}

// mlp makes a multilayer perceptron as wide as the inputs are.
func (b Blueprint) mlp(s *tensor.Scope) (model.Network, error) {
	shaped, ok := b.Inputs.(Shaped)
	if !ok {
		return nil, fmt.Errorf("model: an mlp computes on numbers, and tasks of kind %s are texts", b.Config.Tasks.Kind)
	}
	width := int64(1)
	for _, side := range shaped.Shape() {
		width *= side
	}
	return model.NewMLP(s, width, b.Config.Model.Hidden, b.Seed, b.Device), s.Err()
}

// loadBERT loads or makes the encoder.
func loadBERT(s *tensor.Scope, config *setting.Config, tokenizer *text.Tokenizer, seed int64, device tensor.Device) (*model.Bert, error) {
	if config.Model.Kind != setting.ModelBERT {
		return model.Load(s, config.Model.Path, device)
	}
	m := config.Model
	shape, err := hf.NewBERT(hf.Shape{
		Layers: m.Layers, Hidden: m.Hidden[0], Heads: m.Heads,
		Vocabulary: int64(tokenizer.VocabSize()), Positions: max(hf.LeastPositions, int64(config.MaxLength)), Pad: tokenizer.Special().Pad,
	})
	if err != nil {
		return nil, err
	}
	return model.New(s, shape, seed, device)
}

// Fits reports what of a configuration the network cannot do.
func (l *Learner) Fits(config *setting.Config) error {
	g, isGPT2 := model.Base(l.Network).(*model.GPT2)
	if isGPT2 && int64(config.MaxLength) > g.Config.Positions {
		return fmt.Errorf("max_length %d exceeds the %d positions of the model in %s", config.MaxLength, g.Config.Positions, config.Model)
	}
	if _, ok := l.Network.(model.LanguageModel); !ok && config.Tasks.Type == setting.Generation {
		return fmt.Errorf("%s generates no text: tasks of type generation need a GPT-2", config.Model)
	}
	if e := l.Encoder(); e != nil && int64(config.MaxLength) > e.Config.MaxPositions {
		return fmt.Errorf("max_length %d exceeds the %d positions of the model in %s", config.MaxLength, e.Config.MaxPositions, config.Model)
	}
	if _, ok := l.Network.(*model.Conv4); ok && config.Precision == setting.BF16 && config.Algorithm == setting.MAML && !tensor.ConvolvesTwice() {
		return fmt.Errorf("precision bf16: this libtorch has no second-order gradients of convolutions in bfloat16, which maml needs: use fomaml, precision fp32, or libtorch 2.11")
	}
	anatomy := freeze.Anatomy(l.Network)
	if err := config.Freeze.Fits(anatomy); err != nil {
		return err
	}
	if err := config.FitsHead(anatomy); err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	return nil
}

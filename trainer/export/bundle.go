package export

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/freeze"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// A Bundle is a model folder in memory.
type Bundle struct {
	Manifest  Manifest
	Tokenizer *text.Tokenizer // nil unless of texts
	Learner   *meta.Learner
}

// Load reads a model folder onto a device. A plain Hugging Face folder
// without a manifest is refused: nothing says how to use it.
func Load(s *tensor.Scope, dir string, device tensor.Device) (*Bundle, error) {
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	kind, err := hf.ModelType(dir)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Manifest: *manifest, Learner: &meta.Learner{Type: manifest.Type}}
	switch {
	case hf.IsPlain(kind):
		b.Learner.Network, err = model.LoadPlain(s, dir, device)
	case kind == hf.GPT2ModelType:
		err = b.loadGPT2(s, dir, device)
	default:
		err = b.loadEncoder(s, dir, device)
	}
	if err != nil {
		return nil, err
	}
	if err := b.loadHead(s, dir, device); err != nil {
		return nil, err
	}
	if inner := manifest.Inner; inner != nil {
		if err := b.loadLoRA(s, dir); err != nil {
			return nil, err
		}
		for _, p := range b.Learner.Network.Params() {
			s.SetRequiresGrad(p.Tensor, !slices.Contains(inner.Frozen, p.Name))
		}
	}
	return b, s.Err()
}

// loadGPT2 reads the tokenizer and the network of a language model.
func (b *Bundle) loadGPT2(s *tensor.Scope, dir string, device tensor.Device) error {
	if err := b.Manifest.checkTexts(dir); err != nil {
		return err
	}
	tokenizer, err := text.Load(dir)
	if err != nil {
		return err
	}
	g, err := model.LoadGPT2(s, dir, device)
	if err != nil {
		return err
	}
	if err := tokenizer.Fits(int(g.Config.Vocabulary)); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	b.Tokenizer, b.Learner.Network = tokenizer, g
	return nil
}

// loadEncoder reads the tokenizer and the encoder of a model of texts.
func (b *Bundle) loadEncoder(s *tensor.Scope, dir string, device tensor.Device) error {
	if err := b.Manifest.checkTexts(dir); err != nil {
		return err
	}
	tokenizer, err := text.Load(dir)
	if err != nil {
		return err
	}
	encoder, err := model.Load(s, dir, device)
	if err != nil {
		return err
	}
	if err := tokenizer.Fits(int(encoder.Config.Vocabulary)); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	b.Tokenizer, b.Learner.Network = tokenizer, &model.Encoder{Bert: encoder, Pooling: b.Manifest.Pooling}
	return nil
}

func (b *Bundle) loadHead(s *tensor.Scope, dir string, device tensor.Device) error {
	m := b.Manifest
	outputs := int64(m.Outputs)
	if len(m.Labels) > 0 {
		outputs = int64(len(m.Labels))
	}
	if !m.Projection && outputs == 0 {
		return nil
	}
	path := filepath.Join(dir, HeadFile)
	blobs, _, err := hf.ReadWeights(path)
	if err != nil {
		return err
	}
	hidden := b.Learner.Network.Features()
	var params []model.Param
	if m.Projection {
		b.Learner.Projection = meta.NewProjection(s, hidden, device)
		params = b.Learner.Projection.Params()
	}
	if outputs > 0 {
		b.Learner.Head = meta.Head{
			Weight: s.Zeros(tensor.Float32, device, outputs, hidden),
			Bias:   s.Zeros(tensor.Float32, device, outputs),
		}
		params = append(params, b.Learner.Head.Params()...)
	}
	if err := model.Restore(s, params, blobs); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// loadLoRA gives the network the matrices of LoRA, if tasks are learned by
// changing them.
func (b *Bundle) loadLoRA(s *tensor.Scope, dir string) error {
	lora := b.Manifest.Inner.LoRA
	if lora == nil {
		return nil
	}
	strategy := setting.Freeze{Kind: setting.FreezeLoRA, N: lora.Rank}
	if err := strategy.Fits(freeze.Anatomy(b.Learner.Network)); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, ManifestFile), err)
	}
	with := freeze.AddLoRA(s, b.Learner.Network, &setting.Config{Freeze: strategy, LoRAAlpha: lora.Alpha})
	b.Learner.Network = with.Network()
	return with.Load(s, filepath.Join(dir, meta.LoRAFile))
}

// saveLoRA writes the matrices of LoRA, if there are any.
func (b *Bundle) saveLoRA(dir string) error {
	lora, ok := model.AsLoRA(b.Learner.Network)
	if !ok {
		return nil
	}
	return lora.Save(filepath.Join(dir, meta.LoRAFile))
}

// withoutLoRA drops the matrices of LoRA from a bundle that was loaded: the
// network has their products, and computes the same without them. No task can be
// learned by changing them then.
func (b *Bundle) withoutLoRA() { b.Learner.Network = model.Base(b.Learner.Network) }

// nameFrozen lists, for gradient descent, what training has left as it was.
func (b *Bundle) nameFrozen() {
	if b.Manifest.Inner == nil {
		return
	}
	b.Manifest.Inner.Frozen = nil
	for _, p := range b.Learner.Network.Params() {
		if !p.Tensor.RequiresGrad() {
			b.Manifest.Inner.Frozen = append(b.Manifest.Inner.Frozen, p.Name)
		}
	}
}

// headBlobs returns what goes into head.safetensors.
func (b *Bundle) headBlobs() ([]hf.Blob, error) {
	return model.Blobs(append(b.Learner.Projection.Params(), b.Learner.Head.Params()...))
}

// savePlain writes the folder of a network that transformers does not know.
func (b *Bundle) savePlain(dir string, network model.Plain) error {
	if err := model.SavePlain(dir, network); err != nil {
		return err
	}
	if err := b.saveHead(dir); err != nil {
		return err
	}
	return hf.WriteJSON(filepath.Join(dir, ManifestFile), b.Manifest)
}

// saveGPT2 writes the folder of a language model; from is the folder that its
// tokenizer comes from.
func (b *Bundle) saveGPT2(dir, from string, g *model.GPT2) error {
	if err := copyTokenizer(from, dir); err != nil {
		return err
	}
	if err := g.Save(dir); err != nil {
		return err
	}
	if err := b.saveLoRA(dir); err != nil {
		return err
	}
	if err := b.saveHead(dir); err != nil {
		return err
	}
	return hf.WriteJSON(filepath.Join(dir, ManifestFile), b.Manifest)
}

// save writes the folder of an encoder: encoder is the content of model.safetensors, from
// is the folder that the tokenizer and the other keys of config.json come
// from. dir must be there.
func (b *Bundle) save(dir, from string, encoder []hf.Blob) error {
	if err := copyTokenizer(from, dir); err != nil {
		return err
	}
	changes := map[string]any{"architectures": []string{"BertModel"}, "torch_dtype": "float32"}
	if b.Manifest.Quantization != "" {
		changes = map[string]any{"architectures": []string{}, "model_type": hf.Int8ModelType, "torch_dtype": "int8"}
	}
	config, err := b.Learner.Encoder().Config.JSON(changes)
	if err != nil {
		return err
	}
	if err := hf.WriteBytes(filepath.Join(dir, "config.json"), config); err != nil {
		return err
	}
	metadata := map[string]string{"format": "pt"} // transformers refuses a file without it
	if err := hf.WriteSafetensors(filepath.Join(dir, hf.SafetensorsFile), encoder, metadata); err != nil {
		return err
	}
	if err := b.saveLoRA(dir); err != nil {
		return err
	}
	if err := b.saveHead(dir); err != nil {
		return err
	}
	if b.Manifest.Quantization == "" {
		if err := b.saveSentenceTransformer(dir); err != nil {
			return err
		}
	}
	return hf.WriteJSON(filepath.Join(dir, ManifestFile), b.Manifest)
}

func (b *Bundle) saveHead(dir string) error {
	head, err := b.headBlobs()
	if err != nil || len(head) == 0 {
		return err
	}
	return hf.WriteSafetensors(filepath.Join(dir, HeadFile), head, nil)
}

// copyTokenizer copies a tokenizer from a folder or a vocab.txt.
func copyTokenizer(from, to string) error {
	info, err := os.Stat(from)
	if err != nil || !info.Mode().IsRegular() {
		return hf.CopyFiles(from, to, hf.TokenizerFiles...)
	}
	if err := hf.CopyFile(from, filepath.Join(to, "vocab.txt")); err != nil {
		return err
	}
	// What text.Load takes a bare vocabulary for.
	return hf.WriteJSON(filepath.Join(to, "tokenizer_config.json"), map[string]any{"do_lower_case": true, "tokenizer_class": "BertTokenizer"})
}

// folderBytes returns the size of the files in a folder, without those in
// folders below it.
func folderBytes(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	return total, nil
}

package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// The files that a model folder has beside those of a Hugging Face folder.
const (
	ManifestFile = "hpsearch.json"
	HeadFile     = "head.safetensors" // projection and classifier
)

// manifestFormat is the version of the folder's layout.
const manifestFormat = 1

// A Manifest says what a Hugging Face folder cannot: how the encoder's
// vectors are used.
type Manifest struct {
	Format    int           `json:"format"`
	Study     string        `json:"study,omitempty"`
	Trial     int           `json:"trial"`
	Algorithm string        `json:"algorithm"` // how a new task is learned
	Pooling   model.Pooling `json:"pooling"`
	MaxLength int           `json:"max_length"`
	// Projection says that head.safetensors has a linear layer on top of the
	// pooled vector.
	Projection bool `json:"projection"`
	// Quantization is int8 when the encoder's matrices are stored as int8
	// and multiplied by int8 kernels.
	Quantization string `json:"quantization,omitempty"`
	// Labels are the classes of the classifier in head.safetensors, after
	// the model was adapted to a task.
	Labels []string `json:"labels,omitempty"`
}

// A Bundle is a model folder in memory.
type Bundle struct {
	Manifest  Manifest
	Tokenizer *text.Tokenizer
	Learner   *meta.Learner
}

// Load reads a model folder onto a device. A plain Hugging Face folder
// without a manifest is refused: nothing says how to use it.
func Load(s *tensor.Scope, dir string, device tensor.Device) (*Bundle, error) {
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	tokenizer, err := text.Load(dir)
	if err != nil {
		return nil, err
	}
	encoder, err := model.Load(s, dir, device)
	if err != nil {
		return nil, err
	}
	if err := tokenizer.Fits(int(encoder.Config.Vocabulary)); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	b := &Bundle{
		Manifest: *manifest, Tokenizer: tokenizer,
		Learner: &meta.Learner{Network: &model.Encoder{Bert: encoder, Pooling: manifest.Pooling}},
	}
	if err := b.loadHead(s, dir, device); err != nil {
		return nil, err
	}
	return b, s.Err()
}

func readManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s: name a folder that `hpsearch export` or `hpsearch adapt` wrote", dir, ManifestFile)
	}
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case m.Format != manifestFormat:
		return nil, fmt.Errorf("%s: format %d is not known to this version, which reads %d", path, m.Format, manifestFormat)
	case m.Pooling != model.MeanPooling && m.Pooling != model.CLSPooling:
		return nil, fmt.Errorf("%s: pooling %q: want mean or cls", path, m.Pooling)
	case m.MaxLength < 3:
		return nil, fmt.Errorf("%s: max_length %d is too small", path, m.MaxLength)
	}
	return &m, nil
}

func (b *Bundle) loadHead(s *tensor.Scope, dir string, device tensor.Device) error {
	m := b.Manifest
	if !m.Projection && len(m.Labels) == 0 {
		return nil
	}
	path := filepath.Join(dir, HeadFile)
	blobs, _, err := hf.ReadSafetensors(path)
	if err != nil {
		return err
	}
	hidden := b.Learner.Network.Features()
	var params []model.Param
	if m.Projection {
		b.Learner.Projection = meta.NewProjection(s, hidden, device)
		params = b.Learner.Projection.Params()
	}
	if ways := int64(len(m.Labels)); ways > 0 {
		b.Learner.Head = meta.Head{
			Weight: s.Zeros(tensor.Float32, device, ways, hidden),
			Bias:   s.Zeros(tensor.Float32, device, ways),
		}
		params = append(params, b.Learner.Head.Params()...)
	}
	if err := model.Restore(s, params, blobs); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// headBlobs returns what goes into head.safetensors.
func (b *Bundle) headBlobs() ([]hf.Blob, error) {
	return model.Blobs(append(b.Learner.Projection.Params(), b.Learner.Head.Params()...))
}

// save writes the folder: encoder is the content of model.safetensors, from
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
	if err := writeBytes(filepath.Join(dir, "config.json"), config); err != nil {
		return err
	}
	metadata := map[string]string{"format": "pt"} // transformers refuses a file without it
	if err := hf.WriteSafetensors(filepath.Join(dir, hf.SafetensorsFile), encoder, metadata); err != nil {
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
	return writeJSON(filepath.Join(dir, ManifestFile), b.Manifest)
}

func (b *Bundle) saveHead(dir string) error {
	head, err := b.headBlobs()
	if err != nil || len(head) == 0 {
		return err
	}
	return hf.WriteSafetensors(filepath.Join(dir, HeadFile), head, nil)
}

// tokenizerFiles are copied as they are, those that exist.
var tokenizerFiles = []string{"tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"}

// copyTokenizer copies a tokenizer from a folder or a vocab.txt.
func copyTokenizer(from, to string) error {
	if info, err := os.Stat(from); err == nil && info.Mode().IsRegular() {
		if err := copyIfThere(from, filepath.Join(to, "vocab.txt")); err != nil {
			return err
		}
		// What text.Load takes a bare vocabulary for.
		return writeJSON(filepath.Join(to, "tokenizer_config.json"), map[string]any{"do_lower_case": true, "tokenizer_class": "BertTokenizer"})
	}
	for _, name := range tokenizerFiles {
		if err := copyIfThere(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyIfThere(from, to string) error {
	data, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return writeBytes(to, data)
}

func writeBytes(path string, data []byte) error {
	return hf.WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return writeBytes(path, append(data, '\n'))
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

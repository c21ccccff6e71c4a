package export

import (
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
)

// saveSentenceTransformer adds the files by which the Python package
// sentence-transformers opens the folder and gives the vectors that we use,
// pooling and projection included.
func (b *Bundle) saveSentenceTransformer(dir string) error {
	const prefix = "sentence_transformers.models."
	hidden := b.Learner.Network.Features()
	modules := []map[string]any{
		{"idx": 0, "name": "0", "path": "", "type": prefix + "Transformer"},
		{"idx": 1, "name": "1", "path": "1_Pooling", "type": prefix + "Pooling"},
	}
	files := map[string]any{
		"sentence_bert_config.json": map[string]any{"max_seq_length": b.Manifest.MaxLength, "do_lower_case": false},
		"1_Pooling/config.json": map[string]any{
			"word_embedding_dimension":          hidden,
			"pooling_mode_cls_token":            b.Manifest.Pooling == model.CLSPooling,
			"pooling_mode_mean_tokens":          b.Manifest.Pooling == model.MeanPooling,
			"pooling_mode_max_tokens":           false,
			"pooling_mode_mean_sqrt_len_tokens": false,
		},
	}
	if b.Manifest.Projection {
		modules = append(modules, map[string]any{"idx": 2, "name": "2", "path": "2_Dense", "type": prefix + "Dense"})
		files["2_Dense/config.json"] = map[string]any{
			"in_features": hidden, "out_features": hidden, "bias": true,
			"activation_function": "torch.nn.modules.linear.Identity",
		}
		if err := b.saveDense(filepath.Join(dir, "2_Dense")); err != nil {
			return err
		}
	}
	files["modules.json"] = modules
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := hf.WriteJSON(path, content); err != nil {
			return err
		}
	}
	return nil
}

// saveDense writes the projection under the names of the module Dense.
func (b *Bundle) saveDense(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	blobs, err := model.Blobs(b.Learner.Projection.Params())
	if err != nil {
		return err
	}
	for i, name := range []string{"linear.weight", "linear.bias"} {
		blobs[i].Name = name
	}
	return hf.WriteSafetensors(filepath.Join(dir, hf.SafetensorsFile), blobs, map[string]string{"format": "pt"})
}

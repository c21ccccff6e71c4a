package define

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// folder returns a folder with nothing but a config.json.
func folder(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSides: an exported network of another shape is refused before there is a
// study, whether it is trained on or started from.
func TestSides(t *testing.T) {
	t.Parallel()
	conv4 := folder(t, `{"model_type": "hpsearch-conv4", "filters": 8, "channels": 1, "height": 28, "width": 28, "batch_statistics": true}`)
	mlp := folder(t, `{"model_type": "hpsearch-mlp", "inputs": 1, "widths": [40, 40]}`)
	bert := folder(t, `{"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 512}`)
	vocab := filepath.Join(t.TempDir(), "vocab.txt")
	if err := os.WriteFile(vocab, []byte("[PAD]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	pictures, curves := map[string]any{"kind": "images", "path": "i"}, map[string]any{"kind": "sinusoid"}
	texts := map[string]any{"kind": "jsonl", "path": "t"}
	gray, color, point := []int64{1, 28, 28}, []int64{3, 32, 32}, []int64{1}
	for _, c := range []struct {
		name  string
		train map[string]any
		sides []int64
		want  string // of the error; "": accepted
	}{
		{"conv4", map[string]any{"model": conv4, "tasks": pictures}, gray, ""},
		{"conv4 of other images", map[string]any{"model": conv4, "tasks": pictures}, color, "images of [channels, height, width] [1 28 28], these have [3 32 32]: set tasks.image_size"},
		{"conv4, too many layers frozen", map[string]any{"model": conv4, "tasks": pictures, "freeze": "bottom-5"}, gray, "bottom-5, but the model has 4 layers"},
		{"conv4, adapters", map[string]any{"model": conv4, "tasks": pictures, "freeze": "lora-2"}, gray, "no attention"},
		{"conv4, head alone", map[string]any{"model": conv4, "tasks": pictures, "freeze": "all-but-head"}, gray, ""}, // protonet projects
		{"mlp", map[string]any{"model": mlp, "tasks": curves, "algorithm": "maml"}, point, ""},
		{"mlp of images", map[string]any{"model": mlp, "tasks": pictures, "algorithm": "maml"}, gray, "computes on 1 numbers an example, these have 784"},
		{"from conv4", map[string]any{"model": map[string]any{"kind": "conv4", "filters": 8}, "tasks": pictures, "warm_start": conv4}, gray, ""},
		{"from conv4 of other filters", map[string]any{"model": map[string]any{"kind": "conv4"}, "tasks": pictures, "warm_start": conv4}, gray, "warm_start: the conv4 has filters 64, " + conv4 + " has 8"},
		{"from conv4 of other images", map[string]any{"model": map[string]any{"kind": "conv4", "filters": 8}, "tasks": pictures, "warm_start": conv4}, color, "has channels 3"},
		{"from conv4 to an mlp", map[string]any{"model": map[string]any{"kind": "mlp", "hidden": 40}, "tasks": pictures, "warm_start": conv4}, gray, "has model_type hpsearch-mlp"},
		{"from mlp", map[string]any{"model": map[string]any{"kind": "mlp", "hidden": []any{40, 40}}, "tasks": curves, "algorithm": "maml", "warm_start": mlp}, point, ""},
		{"from mlp of other layers", map[string]any{"model": map[string]any{"kind": "mlp", "hidden": []any{40, 20}}, "tasks": curves, "algorithm": "maml", "warm_start": mlp}, point, "has widths [40 20]"},
		{"from bert of another depth", map[string]any{"model": map[string]any{"kind": "bert", "layers": 3, "hidden": 16, "heads": 2, "tokenizer": vocab}, "tasks": texts, "warm_start": bert}, nil, "the bert has num_hidden_layers 3"},
		{"from bert of other tokens", map[string]any{"model": map[string]any{"kind": "bert", "layers": 2, "hidden": 16, "heads": 2, "tokenizer": vocab}, "tasks": texts, "warm_start": bert}, nil, "cannot be compared"},
	} {
		def := &search.Definition{Train: c.train}
		config, err := workable(def)
		if model, ok := c.train["model"].(string); ok && err == nil {
			err = checkExported(def, model, config)
		}
		if err == nil {
			err = checkSides(def, config, c.sides)
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

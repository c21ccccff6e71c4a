package define

import (
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// TestPlainFreeze: a strategy that a described network cannot do is refused
// before there is a study.
func TestPlainFreeze(t *testing.T) {
	t.Parallel()
	mlp := map[string]any{"kind": "mlp", "hidden": []any{40, 40}}
	for _, c := range []struct {
		freeze any
		want   string // of the error; "": it is accepted
	}{
		{"bottom-2", ""}, {"lp-ft", ""}, {"bias-only", ""},
		{"bottom-3", "has 2 layers"}, {"lora-4", "lora-4"}, {"embeddings", "no embeddings"}, {"layernorm-only", "no LayerNorm"},
	} {
		def := &search.Definition{Train: map[string]any{
			"model": mlp, "tasks": map[string]any{"kind": "sinusoid"}, "algorithm": "maml", "freeze": c.freeze,
		}}
		_, err := workable(def)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("freeze %v: %v, want %q", c.freeze, err, c.want)
		}
	}
}

// TestReads: an exported network of images or numbers is not given texts.
func TestReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ model, tasks, want string }{
		{hf.Conv4ModelType, "images", ""}, {hf.MLPModelType, "images", ""}, {hf.MLPModelType, setting.KindSinusoid, ""},
		{hf.Conv4ModelType, "jsonl", "reads images"}, {hf.Conv4ModelType, setting.KindSinusoid, "reads images"}, {hf.MLPModelType, "csv", "reads numbers"},
	} {
		err := checkReads("m", c.model, setting.Tasks{Kind: c.tasks})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: %v, want %q", c.model, c.tasks, err, c.want)
		}
	}
}

package trainer

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// TestExport_fromNothing: a model that was described rather than named is
// exported as a whole Hugging Face folder, the retraining gives the trial's
// value again, and another seed gives other weights.
func TestExport_fromNothing(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	for name, tokenizer := range map[string]string{"folder": p.model, "file": filepath.Join(p.model, "vocab.txt")} {
		changes := map[string]any{
			"model": map[string]any{"kind": setting.ModelBERT, "layers": 1, "hidden": 8, "heads": 2, "tokenizer": tokenizer},
		}
		value := p.value(s, changes)
		to := filepath.Join(t.TempDir(), "out")
		var report export.Report
		s.job(protocol.JobExport, p.exportJobOf(value, to, changes), &report)
		if !report.Retrain.Reproduced {
			t.Errorf("%s: %v", name, report.Notes)
		}
		written := files(t, to)
		for _, want := range []string{"config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json", "modules.json"} {
			if !slices.Contains(written, want) {
				t.Errorf("%s: no %s among %v", name, want, written)
			}
		}
		if err := hf.CheckFolder(to); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if pooler, err := model.ReadPooler(to); err != nil || len(pooler) != 2 {
			t.Errorf("%s: pooler of %d tensors, %v", name, len(pooler), err)
		}
		other := maps.Clone(changes)
		other["seed"] = 99
		if v := p.value(s, other); v == value {
			t.Errorf("%s: another seed gave the same value %g", name, v)
		}
	}
}

package trainer

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// TestWarmStart: a trial that starts from an exported model, and hardly moves,
// has the quality that the export had; head and projection come along.
func TestWarmStart(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	for _, c := range []struct {
		algorithm, freeze string
		rate              float64
	}{{"protonet", "none", 1e-2}, {"fomaml", "none", 1e-2}, {"fomaml", "lora-4", 1e-2}, {"reptile", "lora-4", 1e-1}} {
		algorithm := c.algorithm
		trained := map[string]any{"algorithm": algorithm, "freeze": c.freeze, "learning_rate": c.rate, "iterations": 40, "eval_every": 40}
		value := p.value(s, trained)
		to := filepath.Join(t.TempDir(), "out")
		var report export.Report
		s.job(protocol.JobExport, p.exportJobOf(value, to, trained), &report)
		still := map[string]any{"algorithm": algorithm, "freeze": c.freeze, "learning_rate": 1e-12, "weight_decay": 0, "iterations": 1, "eval_every": 1, "dropout": 0}
		cold := p.value(s, still)
		still["warm_start"] = to
		warm := p.value(s, still)
		if math.Abs(warm-value) > 1e-4 || math.Abs(cold-value) < 1e-3 {
			t.Errorf("%s: trained to %g; started from there %g, from the model %g", algorithm, value, warm, cold)
		}
	}
}

func TestWarmStart_refused(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	edit := func(name, old, by string) string {
		dir := tinymodel.Folder(t)
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, by, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for want, dir := range map[string]string{
		"no such file":                     filepath.Join(t.TempDir(), "none"),
		"num_attention_heads 2":            edit("config.json", `"num_attention_heads": 2`, `"num_attention_heads": 4`),
		"num_hidden_layers 2":              edit("config.json", `"num_hidden_layers": 2`, `"num_hidden_layers": 1`),
		"their vocab.txt are not the same": edit("vocab.txt", "toaa", "toax"),
	} {
		s.send(p.trial(t, 1, "", map[string]any{"warm_start": dir}))
		failed, _ := until[protocol.Failed](s)
		if failed.Reason != protocol.BadConfig || !strings.Contains(failed.Message, "warm_start: ") || !strings.Contains(failed.Message, want) {
			t.Errorf("got %+v, want %q", failed, want)
		}
	}
	other := map[string]any{
		"model":      map[string]any{"kind": "bert", "layers": 1, "hidden": 16, "heads": 2, "tokenizer": p.model},
		"warm_start": p.model,
	}
	s.send(p.trial(t, 2, "", other))
	if failed, _ := until[protocol.Failed](s); !strings.Contains(failed.Message, "the model has no tensor") && !strings.Contains(failed.Message, "the architectures differ") {
		t.Errorf("another depth: %+v", failed)
	}
}

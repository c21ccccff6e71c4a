package trainer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// gpt2Place is a tiny GPT-2 with its tokenizer, and texts of ten tasks, each
// of which repeats a word of its own.
func gpt2Place(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	for _, path := range []string{
		"model/testdata/gpt2/config.json", "model/testdata/gpt2/model.safetensors",
		"text/testdata/gpt2/vocab.json", "text/testdata/gpt2/merges.txt",
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for task := range 10 {
		for i := range 12 {
			fmt.Fprintf(&b, `{"text": "%d%d%s", "task": "t%d"}`+"\n", i, rng.IntN(10), strings.Repeat(string(rune('a'+task)), 4+rng.IntN(4)), task)
		}
	}
	tasks := filepath.Join(dir, "tasks.jsonl")
	if err := os.WriteFile(tasks, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return place{model: dir, tasks: tasks}
}

// TestGeneration meta-trains a language model with every algorithm that can;
// what is exported continues texts, the same ones for the same seed.
func TestGeneration(t *testing.T) {
	p := gpt2Place(t)
	s := open(t)
	for _, c := range []struct{ algorithm, freeze, inner string }{
		{setting.Joint, "none", "none"}, {setting.Reptile, "none", "none"}, {setting.FOMAML, "none", "none"}, {setting.MAML, "none", "none"}, {setting.Finetune, "none", "none"},
		{setting.MAML, "lora-2", "none"}, {setting.FOMAML, "lora-2", "none"}, {setting.Joint, "lora-2", "none"}, {setting.Finetune, "lora-2", "none"},
		{setting.MAML, "lora-2", "same"}, {setting.FOMAML, "lora-2", "same"}, {setting.Joint, "lora-2", "same"}, {setting.Reptile, "lora-2", "same"},
	} {
		algorithm := c.algorithm
		changes := map[string]any{
			"algorithm": algorithm, "tasks": map[string]any{"kind": "jsonl", "path": p.tasks, "type": "generation"},
			"max_length": 24, "learning_rate": 5e-3, "iterations": 30, "eval_every": 10, "dropout": 0, "inner_lr": 1e-2, "adaptation_steps": 2,
			"freeze": c.freeze, "inner_freeze": c.inner,
		}
		s.send(p.trial(t, 1, "", changes))
		result, reports := until[protocol.Result](s)
		if len(reports) == 0 {
			t.Fatalf("%s: no reports", algorithm)
		}
		last, first := reports[len(reports)-1].Metrics, reports[0].Metrics
		if loss, perplexity := float64(last["val_loss"]), float64(last["val_perplexity"]); !(loss > 0) || !(perplexity > 1) {
			t.Errorf("%s: metrics %v", algorithm, last)
		}
		if algorithm != setting.Finetune && c.freeze == "none" && !(float64(*result.Value) < float64(first["val_loss"])) {
			t.Errorf("%s, %s: loss %v after %v", algorithm, c.freeze, *result.Value, first)
		}
		if algorithm == setting.FOMAML && c.freeze == "lora-2" && c.inner == "none" { // merged, it has the loss of the last validation
			var report export.Report
			s.job(protocol.JobExport, p.exportJobOf(float64(*result.Value), filepath.Join(t.TempDir(), "out"), changes), &report)
			if !report.Retrain.Reproduced {
				t.Errorf("retrain %+v", report.Retrain)
			}
		}
		if algorithm != setting.Reptile {
			continue
		}
		to := filepath.Join(t.TempDir(), "out")
		var report export.Report
		s.job(protocol.JobExport, p.exportJobOf(float64(*result.Value), to, changes), &report)
		if !report.Retrain.Reproduced {
			t.Errorf("retrain %+v", report.Retrain)
		}
		draw := func(temperature float64, seed int) []string {
			var out predictions
			s.job(protocol.JobPredict, map[string]any{"model": to, "texts": []string{"11aa", ""}, "tokens": 8, "temperature": temperature, "seed": seed}, &out)
			if len(out.Predictions) != 2 {
				t.Fatalf("%+v", out)
			}
			return []string{out.Predictions[0].Continuation, out.Predictions[1].Continuation}
		}
		if a, b := draw(0, 1), draw(0, 2); !slices.Equal(a, b) {
			t.Errorf("greedy: %q and %q", a, b)
		}
		if a, b, c := draw(3, 1), draw(3, 1), draw(3, 2); !slices.Equal(a, b) || slices.Equal(a, c) {
			t.Errorf("seed 1 %q and %q, seed 2 %q", a, b, c)
		}
	}
	refusal := p.exportJobOf(1, filepath.Join(t.TempDir(), "out"), map[string]any{"tasks": map[string]any{"kind": "jsonl", "path": p.tasks, "type": "generation"}, "algorithm": "reptile", "max_length": 24})
	refusal["quantize"] = "int8"
	if failed := s.refused(protocol.JobExport, refusal); !strings.Contains(failed.Message, "only BERT models are pruned or quantized") {
		t.Errorf("%+v", failed)
	}
	// A BERT generates no text.
	bert := newPlace(t)
	s.send(bert.trial(t, 2, "", map[string]any{"algorithm": "reptile", "tasks": map[string]any{"kind": "jsonl", "path": p.tasks, "type": "generation"}}))
	if failed, _ := until[protocol.Failed](s); failed.Reason != protocol.BadConfig || !strings.Contains(failed.Message, "generates no text") {
		t.Errorf("%+v", failed)
	}
}

// TestAdaptOfTexts fits language models to texts that repeat a word of their
// own, which are likelier after it than held-out texts were before.
func TestAdaptOfTexts(t *testing.T) {
	p := gpt2Place(t)
	s := open(t)
	for _, algorithm := range []string{setting.Reptile, setting.Finetune} {
		changes := map[string]any{
			"algorithm": algorithm, "tasks": map[string]any{"kind": "jsonl", "path": p.tasks, "type": "generation"},
			"max_length": 24, "learning_rate": 5e-3, "iterations": 30, "eval_every": 10, "dropout": 0, "inner_lr": 5e-2, "adaptation_steps": 10,
		}
		dir := t.TempDir()
		exported, adapted, again := filepath.Join(dir, "exported"), filepath.Join(dir, "adapted"), filepath.Join(dir, "again")
		s.job(protocol.JobExport, p.exportJobOf(1, exported, changes), new(export.Report))
		var b strings.Builder
		for i := range 15 {
			fmt.Fprintf(&b, `{"text": "%d%s"}`+"\n", i, strings.Repeat("zq", 3+i%4))
		}
		task := filepath.Join(dir, "task.jsonl")
		if err := os.WriteFile(task, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		adapt := func(from, to string) *export.Adapted {
			learned := new(export.Adapted)
			s.job(protocol.JobAdapt, map[string]any{"model": from, "task": task, "to": to, "seed": 1}, learned)
			if learned.Examples != 15 || learned.Folds != 5 || learned.Nats == nil || learned.Accuracy != nil || learned.RMSE != nil {
				t.Fatalf("%s: %+v", algorithm, learned)
			}
			return learned
		}
		first, second := adapt(exported, adapted), adapt(adapted, again)
		t.Logf("%s: %.3f nats a token, after adapting again %.3f", algorithm, *first.Nats, *second.Nats)
		if !(*second.Nats < *first.Nats) { // it has seen the texts, so that the weights were saved
			t.Errorf("%s: %g nats a token, then %g", algorithm, *first.Nats, *second.Nats)
		}
		var out predictions
		s.job(protocol.JobPredict, map[string]any{"model": again, "texts": []string{"1zq"}, "tokens": 4}, &out)
		if len(out.Predictions) != 1 || out.Predictions[0].Value != nil || out.Predictions[0].Label != "" {
			t.Errorf("%s: %+v", algorithm, out)
		}
		one := filepath.Join(dir, "one.jsonl")
		if err := os.WriteFile(one, []byte(`{"text": "zqzq"}`+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var learned export.Adapted
		s.job(protocol.JobAdapt, map[string]any{"model": exported, "task": one, "to": filepath.Join(dir, "one")}, &learned)
		if learned.Nats != nil || learned.Because == "" {
			t.Errorf("%s: of one text %+v", algorithm, learned)
		}
	}
}

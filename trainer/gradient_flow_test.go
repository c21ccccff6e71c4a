package trainer

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// TestAdaptByGradient exports models of the algorithms that learn a task by
// gradient descent, fits them to a task of another number of classes, and
// labels texts with the result.
func TestAdaptByGradient(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	rows := tinymodel.Rows(3, 40, 0)
	var train, rest []tinymodel.Row
	for i, row := range rows {
		if i%2 == 0 {
			train = append(train, row)
		} else {
			rest = append(rest, row)
		}
	}
	task := tinymodel.JSONL(t, train)
	for name, changes := range map[string]map[string]any{
		"maml":           {"inner_lr": 0.3, "freeze": "embeddings"},
		"maml, LoRA":     {"inner_lr": 0.4, "freeze": "lora-4", "inner_freeze": "same", "learning_rate": 2e-2},
		"anil":           {"inner_lr": 0.5, "adaptation_steps": 10},
		"reptile":        {"inner_lr": 0.3, "learning_rate": 1e-3, "inner_batch_size": 6},
		"reptile, LoRA":  {"inner_lr": 0.4, "freeze": "lora-4", "learning_rate": 2e-2, "inner_batch_size": 6},
		"finetune":       {"learning_rate": 1e-2, "adaptation_steps": 40, "freeze": "bottom-1"},
		"finetune, LoRA": {"learning_rate": 3e-2, "adaptation_steps": 40, "freeze": "lora-4"},
	} {
		t.Run(name, func(t *testing.T) {
			algorithm, lora, _ := strings.Cut(name, ", ")
			settings := map[string]any{
				"algorithm": algorithm, "iterations": 20, "eval_every": 10, "meta_batch_size": 2, "ways": 4,
				"learning_rate": 3e-3, "eval_adaptation_steps": 40,
			}
			for name, v := range changes {
				settings[name] = v
			}
			dir := t.TempDir()
			model := filepath.Join(dir, "model")
			job := p.exportJobOf(p.value(s, settings), model, settings)
			folders := []string{model}
			if _, err := tensor.QuantizedEngine(); err == nil && algorithm == "anil" {
				job["quantize"] = "int8"
				folders = append(folders, filepath.Join(model, export.CompressedFolder))
			}
			var report export.Report
			s.job(protocol.JobExport, job, &report)
			if !report.Retrain.Reproduced {
				t.Errorf("the study had %g, retraining gave %g", report.Retrain.StoredValue, report.Retrain.Value)
			}
			if algorithm != "finetune" && report.Test.Before == report.Test.FP32 {
				t.Errorf("meta-training changed nothing: %+v", report.Test)
			}
			for _, folder := range folders {
				adapted := filepath.Join(dir, "adapted", filepath.Base(folder))
				var learned export.Adapted
				s.job(protocol.JobAdapt, map[string]any{"model": folder, "task": task, "to": adapted, "seed": 1}, &learned)
				if len(learned.Labels) != 3 || learned.Folds != 5 || learned.Accuracy == nil {
					t.Fatalf("%s: %+v", folder, learned)
				}
				if got := rightLabels(s, adapted, rest); got < 28 { // 20 of 60 by chance
					t.Errorf("%s: %d of %d texts labelled rightly", folder, got, len(rest))
				}
				changed := !slices.Equal(bytesOf(t, folder), bytesOf(t, adapted))
				if want := algorithm != "anil"; changed != want {
					t.Errorf("%s: the network was changed: %v, want %v", folder, changed, want)
				}
				if lora != "" {
					checkLoRA(t, folder, adapted, algorithm != "finetune")
				}
			}
		})
	}
}

// checkLoRA: in what was adapted no other matrices differ from what was exported
// than those that LoRA stands beside. LoRA's own lie beside both where tasks are
// learned by changing them, and differ.
func checkLoRA(t *testing.T, exported, adapted string, kept bool) {
	t.Helper()
	blobs := func(folder, name string) map[string][]byte {
		read, _, err := hf.ReadSafetensors(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		all := make(map[string][]byte)
		for _, b := range read {
			all[b.Name] = b.Data
		}
		return all
	}
	after := blobs(adapted, hf.SafetensorsFile)
	for name, data := range blobs(exported, hf.SafetensorsFile) {
		target := strings.HasSuffix(name, "query.weight") || strings.HasSuffix(name, "value.weight")
		if changed := !bytes.Equal(data, after[name]); changed != target {
			t.Errorf("%s was changed: %v, want %v", name, changed, target)
		}
		if strings.Contains(name, "lora") {
			t.Errorf("%s is among the weights that other programs read", name)
		}
	}
	_, err := os.Stat(filepath.Join(exported, meta.LoRAFile))
	if there := err == nil; there != kept {
		t.Fatalf("%s: %v, want the file: %v", meta.LoRAFile, err, kept)
	}
	if !kept {
		return
	}
	matrices := blobs(adapted, meta.LoRAFile)
	for name, data := range blobs(exported, meta.LoRAFile) {
		if bytes.Equal(data, matrices[name]) {
			t.Errorf("%s was not adapted", name)
		}
	}
}

func bytesOf(t *testing.T, folder string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGradientIsNotCompressed: refused before anything is trained.
func TestGradientIsNotCompressed(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	for _, algorithm := range []string{"maml", "reptile", "finetune"} {
		job := p.exportJobOf(1, filepath.Join(t.TempDir(), "model"), map[string]any{"algorithm": algorithm, "iterations": 1000000})
		job["prune"] = "magnitude:0.5"
		failed := s.refused(protocol.JobExport, job)
		if !strings.Contains(failed.Message, algorithm+" learns a task by gradient descent") {
			t.Errorf("%s: %+v", algorithm, failed)
		}
	}
}

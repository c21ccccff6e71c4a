package meta

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// bf16Error bounds the relative difference of losses: a bfloat16 has 8 bits, a
// rounding error of 2^-9, and a few of them add up.
const bf16Error = 0.03

// TestPrecision: with bf16 the first loss of a network is that of fp32 but for
// rounding, which shows that it was computed in bf16; parameters stay float32
// and training learns no worse.
func TestPrecision(t *testing.T) {
	texts, curves, writer := newBench(t), newCurves(), newWriter(t)
	for name, c := range map[string]struct {
		bench   *bench
		changes map[string]any
	}{
		"bert, protonet":   {texts, map[string]any{"dropout": 0}},
		"bert, joint":      {texts, map[string]any{"algorithm": "joint", "dropout": 0}},
		"bert, fomaml":     {texts, map[string]any{"algorithm": "fomaml", "dropout": 0, "freeze": "bottom-1"}},
		"bert, maml":       {texts, map[string]any{"algorithm": "maml", "dropout": 0}},
		"bert, lora":       {texts, map[string]any{"freeze": "lora-2", "dropout": 0}},
		"bert, finetune":   {texts, map[string]any{"algorithm": "finetune", "dropout": 0, "adaptation_steps": 3}},
		"perceptron, maml": {curves, nil},
		"gpt2, reptile":    {writer, nil},
		"gpt2, maml":       {writer, map[string]any{"algorithm": "maml"}},
	} {
		changes := map[string]any{}
		maps.Copy(changes, c.changes)
		first := map[string]float64{}
		last := map[string]float64{}
		for _, precision := range []string{setting.FP32, setting.BF16} {
			changes["precision"] = precision
			err := c.bench.with(t, changes, 1, func(x *fixture) error {
				episodes, err := x.data.Episodes(task.Validation)
				if err != nil {
					return err
				}
				m, err := Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes)
				if err != nil {
					return err
				}
				first[precision] = m.Loss
				return nil
			})
			if err != nil {
				t.Fatalf("%s, %s: %v", name, precision, err)
			}
			err = c.bench.with(t, changes, 1, func(x *fixture) error {
				outcome, err := Train(x.s, x.algorithm, x.learner, x.data, Options{Config: x.config, Seed: 1})
				if err != nil {
					return err
				}
				last[precision] = outcome.Value
				for _, p := range x.params() {
					if p.Tensor.DType() != tensor.Float32 {
						t.Errorf("%s, %s: %s is of type %d", name, precision, p.Name, p.Tensor.DType())
					}
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s, %s: %v", name, precision, err)
			}
		}
		a, b := first[setting.FP32], first[setting.BF16]
		if a == b || !(math.Abs(a-b) <= bf16Error*math.Abs(a)) {
			t.Errorf("%s: before training a loss of %v in bf16, %v in fp32", name, b, a)
		}
		if !(last[setting.BF16] < last[setting.FP32]+bf16Error*a) {
			t.Errorf("%s: after training a loss of %v in bf16, %v in fp32", name, last[setting.BF16], last[setting.FP32])
		}
	}
}

// TestPrecisionOfConvolutions is the same of images, whose network has batch
// normalization.
func TestPrecisionOfConvolutions(t *testing.T) {
	d := newDrawings(t, 30, 5)
	for _, algorithm := range []string{"protonet", "fomaml", "anil", "maml"} {
		values := map[string]float64{}
		if algorithm == "maml" && !tensor.ConvolvesTwice() {
			d.refusesTwice(t)
			continue
		}
		for _, precision := range []string{setting.FP32, setting.BF16} {
			changes := map[string]any{"algorithm": algorithm, "precision": precision, "iterations": 20, "eval_every": 10, "ways": 3, "adaptation_steps": 1}
			outcome, _, err := d.train(t, changes, "", nil, nil)
			if err != nil {
				t.Fatalf("%s, %s: %v", algorithm, precision, err)
			}
			values[precision] = outcome.Value
		}
		if a, b := values[setting.FP32], values[setting.BF16]; a == b || !(math.Abs(a-b) < 0.2*a) {
			t.Errorf("%s: a loss of %v in bf16, %v in fp32", algorithm, b, a)
		}
	}
}

// refusesTwice: what libtorch cannot do is refused before training.
func (d *drawings) refusesTwice(t *testing.T) {
	t.Helper()
	config := d.config(t, map[string]any{"algorithm": "maml", "precision": "bf16"})
	err := tensor.Do(func(s *tensor.Scope) error {
		l, err := LoadLearner(s, Blueprint{Config: config, Inputs: NewPictures(d.family.Images), Seed: 1, Device: tensor.CPU})
		if err != nil {
			t.Fatal(err)
		}
		return l.Fits(config)
	})
	if err == nil || !strings.Contains(err.Error(), "second-order gradients of convolutions") {
		t.Errorf("maml: %v", err)
	}
}

// newWriter returns a bench of texts and a small language model.
func newWriter(t *testing.T) *bench {
	t.Helper()
	tensor.SetThreads(1)
	dir := t.TempDir()
	for _, file := range []string{
		"../model/testdata/gpt2/config.json", "../model/testdata/gpt2/model.safetensors",
		"../text/testdata/gpt2/vocab.json", "../text/testdata/gpt2/merges.txt",
	} {
		if err := hf.CopyFile(file, filepath.Join(dir, filepath.Base(file))); err != nil {
			t.Fatal(err)
		}
	}
	var rows []map[string]string
	for i := range 12 {
		for j := range 10 {
			rows = append(rows, map[string]string{"task": string(rune('a' + i)), "text": strings.Repeat(string(rune('a'+i))+string(rune('k'+j)), 3+j%3)})
		}
	}
	b := &bench{base: map[string]any{
		"model": dir, "tasks": map[string]any{"kind": "jsonl", "path": writeTexts(t, rows), "type": "generation"},
		"algorithm": "reptile", "shots": 3, "query_shots": 3, "max_length": 16, "inner_lr": 1e-2, "adaptation_steps": 2,
		"iterations": 8, "eval_every": 3, "eval_episodes": 6, "test_episodes": 6,
		"learning_rate": 1e-3, "dropout": 0, "device": "cpu", "threads": 1,
	}}
	return b.load(t, dir)
}

// writeTexts writes one row a line and returns the file.
func writeTexts(t *testing.T, rows []map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	for _, r := range rows {
		if err := json.NewEncoder(&b).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "texts.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

package setting

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// minimal returns the least that parses, with more settings on top; a nil
// value removes one.
func minimal(more map[string]any) map[string]any {
	m := map[string]any{"model": "models/m", "tasks": map[string]any{"kind": "wordnet"}}
	for k, v := range more {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	return m
}

func TestParseDefaults(t *testing.T) {
	t.Parallel()
	got, err := Parse(minimal(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Model: Model{Path: "models/m"}, Algorithm: "protonet",
		Tasks: Tasks{
			Kind: "wordnet", Type: Classification, Text: "text", Label: "label", Task: "task",
			Fractions: Fractions{Train: 0.64, Validation: 0.16, Test: 0.2},
		},
		InnerLR: 0.01, AdaptationSteps: 1, EvalAdaptationSteps: 1, InnerFreeze: InnerSame,
		Optimizer: OptimizerAdamW, Schedule: ScheduleLinear,
		LearningRate: 2e-5, WeightDecay: 0.01, Freeze: Freeze{Kind: FreezeNone},
		UnfreezeRatio: 0.5, LayerDecay: 1, PrefixCache: PrefixAuto, PrefixCacheMB: 2048,
		WarmupRatio: 0.1, Dropout: 0.1, GradientClip: 1, Precision: FP32,
		BatchSize: 16, Ways: 5, Shots: 5, QueryShots: 15, EvalWays: 5, EvalShots: 5, MetaBatchSize: 1,
		Iterations: 1000, EvalEvery: 100, EvalEpisodes: 50, TestEpisodes: 600,
		MaxLength: 128, Pooling: "mean", Device: Device{Kind: DeviceAuto}, Metric: "val_loss",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("defaults (-want +got):\n%s", d)
	}
}

func TestParseValues(t *testing.T) {
	t.Parallel()
	got, err := Parse(map[string]any{
		"model": "m", "algorithm": "joint", "freeze": "bottom-4", "device": "cuda:1",
		"tasks": map[string]any{
			"kind": "csv", "path": "d.csv", "text": "sentence", "max_per_class": uint64(100),
			"split": map[string]any{"train": 0.5, "validation": 0.25, "test": 0.25}, "split_seed": 3,
		},
		"split":         map[string]any{"train": []any{"a", "b"}, "validation": []any{"c"}, "test": []any{"d"}},
		"learning_rate": json.Number("1e-4"), "shots": 3.0, "seed": int64(7), "ways": 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, got, want any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	check("freeze", got.Freeze, Freeze{Kind: FreezeBottom, N: 4})
	check("device", got.Device, Device{Kind: DeviceCUDA, Index: 1})
	check("tasks", got.Tasks, Tasks{
		Kind: "csv", Type: Classification, Path: "d.csv", Text: "sentence", Label: "label", Task: "task",
		MaxPerClass: 100, SplitSeed: 3, Fractions: Fractions{0.5, 0.25, 0.25},
	})
	check("split", got.Split, map[string][]string{"train": {"a", "b"}, "validation": {"c"}, "test": {"d"}})
	check("rate", got.LearningRate, 1e-4)
	check("shots", []int{got.Shots, got.EvalShots, got.EvalWays}, []int{3, 3, 4})
	check("length", []int{got.Epochs, got.Iterations, got.EvalEvery}, []int{3, 0, 0})
	if got.Seed != 7 || !got.SeedSet {
		t.Errorf("seed %d, set %v", got.Seed, got.SeedSet)
	}
}

func TestParseProblems(t *testing.T) {
	t.Parallel()
	tasks := func(kv ...any) map[string]any {
		m := map[string]any{"kind": "wordnet"}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return map[string]any{"tasks": m}
	}
	tests := []struct {
		name string
		in   map[string]any
		want []string // a part of each line, in order
	}{
		{"nothing", minimal(map[string]any{"model": nil, "tasks": nil}), []string{"model: is missing", "tasks: is missing"}},
		{"unknown key", minimal(map[string]any{"learning_rat": 1}), []string{"learning_rat: is not a setting (did you mean learning_rate?)"}},
		{"unknown, far from all", minimal(map[string]any{"zzz": 1}), []string{"zzz: is not a setting (docs/study-file.md lists the settings)"}},
		{"another program's name", minimal(map[string]any{"num_train_epochs": 1}), []string{"num_train_epochs: is not a setting (did you mean epochs?)"}},
		{"a short one", minimal(map[string]any{"lr": 1}), []string{"lr: is not a setting (did you mean learning_rate?)"}},
		{"unknown part", minimal(tasks("labels", "l")), []string{"tasks.labels: is not a setting (did you mean tasks.label?)"}},
		{"dotted key", minimal(map[string]any{"tasks.kind": "csv"}), []string{"tasks.kind: is not a setting"}},
		{"tasks is text", minimal(map[string]any{"tasks": "wordnet"}), []string{`tasks: "wordnet" is not a mapping (write it as {kind: …})`}},
		{"kind missing", minimal(map[string]any{"tasks": map[string]any{"path": "x"}}), []string{"tasks.kind: is missing (wordnet, jsonl"}},
		{"path missing", minimal(tasks("kind", "csv")), []string{"tasks.path: is missing (tasks of kind csv"}},
		{"unknown choice", minimal(map[string]any{"algorithm": "mammal"}), []string{`algorithm: unknown value "mammal" (use joint, protonet, maml`}},
		{"range", minimal(map[string]any{"dropout": 1.0}), []string{"dropout: 1 is out of range (use a number in [0, 1))"}},
		{"NaN", minimal(map[string]any{"learning_rate": math.NaN()}), []string{"learning_rate: NaN is out of range"}},
		{"fraction", minimal(map[string]any{"ways": 2.5}), []string{"ways: 2.5 is not a whole number"}},
		{"text for a number", minimal(map[string]any{"shots": "5"}), []string{`shots: "5" is not a number`}},
		{"list for a number", minimal(map[string]any{"max_length": []any{1}}), []string{"max_length: a list is not a number"}},
		{"freeze", minimal(map[string]any{"freeze": "top-2"}), []string{`freeze: unknown freezing strategy "top-2"`}},
		{"both lengths", minimal(map[string]any{"algorithm": "joint", "epochs": 1, "iterations": 5}), []string{"epochs: is set beside iterations"}},
		{"epochs of episodes", minimal(map[string]any{"epochs": 1}), []string{"epochs: means nothing to protonet"}},
		{"never validated", minimal(map[string]any{"iterations": 5, "eval_every": 6}), []string{"eval_every: 6 is more than the 5 iterations"}},
		{"never validated, default length", minimal(map[string]any{"eval_every": 1001}), []string{"eval_every: 1001 is more than the 1000"}},
		{"shares", minimal(tasks("split", map[string]any{"train": 0.9})), []string{"tasks.split: the shares 0.9, 0.16 and 0.2 do not sum to 1"}},
		{"same columns", minimal(tasks("kind", "jsonl", "path", "x", "text", "label")), []string{"tasks.text: text, label and task must be three"}},
		{"most below least", minimal(tasks("max_per_class", 5, "min_per_class", 6)), []string{"tasks.max_per_class: 5 is less than min_per_class, 6"}},
		{"huge step", minimal(map[string]any{"ways": 10000, "shots": 1000}), []string{"ways: a step of 10000 ways"}},
		{"split role", minimal(map[string]any{"split": map[string]any{"dev": []any{}}}), []string{"split: unknown part dev"}},
		{"split names", minimal(map[string]any{"split": map[string]any{"train": []any{1}}}), []string{"split: train holds 1"}},
		{"several", minimal(map[string]any{"ways": 1, "shots": 0, "pooling": "max"}), []string{"ways: 1", "shots: 0", "pooling: unknown"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(tt.in)
			var ps Problems
			if !errors.As(err, &ps) {
				t.Fatalf("error %v is no Problems", err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("line %q does not contain %q", lines[i], want)
				}
			}
		})
	}
}

func TestCheckStudy(t *testing.T) {
	t.Parallel()
	fixed := minimal(map[string]any{"model": nil, "iterations": 5, "eval_every": 2})
	if err := CheckStudy(fixed, []string{"model", "learning_rate"}); err != nil {
		t.Errorf("searched model: %v", err)
	}
	if err := CheckStudy(minimal(map[string]any{"epochs": 2}), []string{"algorithm"}); err != nil {
		t.Errorf("epochs depend on a searched algorithm: %v", err)
	}
	err := CheckStudy(minimal(nil), []string{"ways"})
	if err == nil || !strings.Contains(err.Error(), "eval_ways: is missing") {
		t.Errorf("searched ways: %v", err)
	}
	if err := CheckStudy(minimal(map[string]any{"eval_ways": 5}), []string{"ways"}); err != nil {
		t.Errorf("searched ways with eval_ways: %v", err)
	}
}

func TestCheckOne(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		value any
		want  string // part of the error; "" for none
	}{
		{"learning_rate", 1e-3, ""},
		{"learning_rate", 0.0, "out of range"},
		{"learning_rte", 0.0, "did you mean learning_rate?"},
		{"freeze", "bottom-3", ""},
		{"freeze", 3, "is not text"},
		{"tasks", map[string]any{"kind": "tsv"}, "tasks.kind: unknown value"},
		{"tasks.split", map[string]any{"train": 2}, "tasks.split.train: 2 is out of range"},
		{"tasks.max_per_class", -1, "out of range"},
		{"split", []any{}, "not a mapping"},
	}
	for _, tt := range tests {
		err := Check(tt.name, tt.value)
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("Check(%s, %v) = %v, want %q", tt.name, tt.value, err, tt.want)
		}
	}
}

func TestCheckSearched(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what string
		err  error
		want string
	}{
		{"range", CheckRange("learning_rate", 1e-6, 1e-3), ""},
		{"low end", CheckRange("learning_rate", 0, 1e-3), "0 is out of range"},
		{"high end", CheckRange("warmup_ratio", 0, 1), "1 is out of range"},
		{"empty", CheckRange("dropout", 0.4, 0.1), "is empty"},
		{"NaN", CheckRange("dropout", math.NaN(), 0.1), "is empty"},
		{"fractional", CheckRange("shots", 1, 2.5), "not a whole number"},
		{"words", CheckRange("freeze", 0, 1), "takes no numbers"},
		{"fixed", CheckRange("threads", 1, 2), "cannot be searched"},
		{"float of int", CheckKind("shots", "float"), "type: int"},
		{"kind", CheckKind("shots", "normal"), "unknown kind"},
		{"choices", CheckChoices("freeze", []any{"none", "bottom-2"}), ""},
		{"bad choice", CheckChoices("freeze", []any{"none", "bottom"}), "unknown freezing strategy"},
		{"numeric choices", CheckChoices("batch_size", []any{8, 16.0}), ""},
		{"unknown", CheckChoices("freez", nil), "did you mean freeze?"},
	}
	for _, tt := range tests {
		if (tt.err == nil) != (tt.want == "") || (tt.err != nil && !strings.Contains(tt.err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.what, tt.err, tt.want)
		}
	}
}

func TestFreezeFits(t *testing.T) {
	t.Parallel()
	bert := Transformer(6, 384)
	mlp := Anatomy{Layers: 2, Biases: true}
	conv := Anatomy{Layers: 4, Biases: true, Norms: true}
	for _, c := range []struct {
		strategy string
		anatomy  Anatomy
		want     string // of the error; "": it fits
	}{
		{"bottom-6", bert, ""},
		{"bottom-7", bert, "bottom-7, but the model has 6 layers: use at most bottom-6, or all-but-head"},
		{"bottom-2", Anatomy{Layers: 1}, "has 1 layer: use bottom-1, or"},
		{"lora-384", bert, ""},
		{"lora-385", bert, "at most lora-384"},
		{"embeddings", mlp, "no embeddings"},
		{"layernorm-only", mlp, "no LayerNorm"},
		{"layernorm-only", conv, ""},
		{"lora-4", conv, "no attention"},
		{"bias-only", conv, ""},
		{"bias-only", Anatomy{Layers: 1}, "no biases"},
		{"bottom-2", mlp, ""},
		{"percent-50", mlp, ""},
		{"gradual", mlp, ""},
		{"lp-ft", conv, ""},
		{"all-but-head", mlp, ""},
	} {
		f, err := ParseFreeze(c.strategy)
		if err != nil {
			t.Fatal(err)
		}
		err = f.Fits(c.anatomy)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s of %+v: %v, want %q", c.strategy, c.anatomy, err, c.want)
		}
	}
}

func TestFreezeAndDevice(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"none", "embeddings", "bottom-1", "bottom-12", "all-but-head", "gradual", "lp-ft", "bias-only", "layernorm-only",
		"percent-1", "percent-99", "lora-1", "lora-64",
	} {
		if f, err := ParseFreeze(s); err != nil || f.String() != s {
			t.Errorf("ParseFreeze(%q) = %v, %v", s, f, err)
		}
	}
	for _, s := range []string{
		"", "bottom", "bottom-", "bottom-0", "bottom--1", "bottom-01", "bottom-x", "None", "percent-0", "percent-100",
		"percent", "lora-0", "lora-4096", "lora", "lp", "all-but-1", "-4",
	} {
		if f, err := ParseFreeze(s); err == nil {
			t.Errorf("ParseFreeze(%q) = %v, want an error", s, f)
		}
	}
	for in, want := range map[string]string{"auto": "auto", "cpu": "cpu", "cuda": "cuda:0", "cuda:3": "cuda:3"} {
		if d, err := ParseDevice(in); err != nil || d.String() != want {
			t.Errorf("ParseDevice(%q) = %v, %v", in, d, err)
		}
	}
	for _, s := range []string{"", "gpu", "cuda:", "cuda:-1", "cuda:01"} {
		if d, err := ParseDevice(s); err == nil {
			t.Errorf("ParseDevice(%q) = %v, want an error", s, d)
		}
	}
}

// TestSchemaIsSound checks the table against itself: names are unique,
// defaults valid, everything documented.
func TestSchemaIsSound(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, s := range Schema() {
		if seen[s.Name] || s.Doc == "" {
			t.Errorf("%s: twice, or without documentation", s.Name)
		}
		seen[s.Name] = true
		if s.Default != nil {
			if v, p := s.canonical(s.Default); p != nil || v != s.Default {
				t.Errorf("%s: default %v is not canonical: %v", s.Name, s.Default, p)
			}
		}
		if s.Type != Mapping && s.set == nil {
			t.Errorf("%s sets nothing", s.Name)
		}
		if !strings.Contains(Markdown(), "| `"+s.Name+"` |") {
			t.Errorf("%s is not in the documentation", s.Name)
		}
		for _, a := range s.ReadBy.Algorithms {
			if _, ok := findAlgorithm(a); !ok {
				t.Errorf("%s: unknown algorithm %s", s.Name, a)
			}
		}
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	got := Unused(minimal(map[string]any{"batch_size": 8}))
	if !slices.Equal(got, []string{"batch_size"}) {
		t.Errorf("protonet: %v", got)
	}
	if got := Unused(minimal(map[string]any{"batch_size": 8, "algorithm": "joint"})); got != nil {
		t.Errorf("joint: %v", got)
	}
}

// Whatever the names of other programs stand for is a setting, and none of them is one.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for theirs, ours := range elsewhere {
		name, _, _ := strings.Cut(ours, ":")
		if _, known := Lookup(name); !known {
			t.Errorf("%s stands for %s, which is no setting", theirs, ours)
		}
		if _, known := Lookup(theirs); known {
			t.Errorf("%s is a setting itself", theirs)
		}
	}
}

package setting

import (
	"maps"
	"strings"
	"testing"
)

// TestAlgorithms: what of algorithm, type of tasks and inner loop does not go
// together is refused, with what to do.
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	sine := map[string]any{"model": map[string]any{"kind": "mlp", "hidden": []any{40, 40}}, "tasks": map[string]any{"kind": "sinusoid"}}
	texts := map[string]any{"model": "m", "tasks": map[string]any{"kind": "jsonl", "path": "t.jsonl"}}
	for _, c := range []struct {
		base    map[string]any
		changes map[string]any
		want    string // "": accepted
	}{
		{sine, map[string]any{"algorithm": "maml"}, ""},
		{sine, map[string]any{"algorithm": "joint"}, ""},
		{sine, map[string]any{"algorithm": "protonet"}, "algorithm: protonet does not learn tasks of type regression (use joint, maml"},
		{sine, map[string]any{"algorithm": "maml", "metric": "val_accuracy"}, "metric: is val_accuracy, which tasks of type regression do not have (use val_loss)"},
		{sine, map[string]any{"algorithm": "joint", "epochs": 3}, "epochs: means nothing to joint"},
		{sine, map[string]any{"algorithm": "maml", "tasks": map[string]any{"kind": "sinusoid", "type": "classification"}}, "tasks.type: is classification, but a sinusoid is a regression"},
		{map[string]any{"model": map[string]any{"kind": "conv4"}}, map[string]any{"algorithm": "maml", "tasks": map[string]any{"kind": "images", "path": "i", "type": "regression"}}, "tasks.type: is regression, but images have classes"},
		{texts, map[string]any{"algorithm": "anil", "tasks": map[string]any{"kind": "jsonl", "path": "t.jsonl", "type": "generation"}}, "algorithm: anil does not learn tasks of type generation"},
		{map[string]any{"model": map[string]any{"kind": "conv4"}}, map[string]any{"algorithm": "protonet", "freeze": "lp-ft", "tasks": map[string]any{"kind": "images", "path": "i"}}, "freeze: lp-ft trains the head first or alone, and protonet puts none on a conv4 made from nothing: use another strategy"},
		{map[string]any{"model": map[string]any{"kind": "conv4"}, "tasks": map[string]any{"kind": "images", "path": "i"}}, map[string]any{"algorithm": "protonet", "freeze": "bottom-4"}, "freeze: bottom-4 trains the head first or alone"},
		{map[string]any{"model": map[string]any{"kind": "conv4"}, "tasks": map[string]any{"kind": "images", "path": "i"}}, map[string]any{"algorithm": "protonet", "freeze": "bottom-3"}, ""},
		{map[string]any{"model": map[string]any{"kind": "conv4"}, "tasks": map[string]any{"kind": "images", "path": "i"}}, map[string]any{"algorithm": "protonet", "freeze": "bottom-5"}, "freeze: bottom-5, but the model has 4 layers: use at most bottom-4"},
		{map[string]any{"model": map[string]any{"kind": "conv4"}, "tasks": map[string]any{"kind": "images", "path": "i"}}, map[string]any{"algorithm": "fomaml", "freeze": "bottom-4"}, ""},
		{map[string]any{"model": map[string]any{"kind": "conv4"}, "tasks": map[string]any{"kind": "images", "path": "i"}}, map[string]any{"algorithm": "fomaml", "freeze": "lora-2"}, "freeze: lora-2, but the model has no attention"},
		{texts, map[string]any{"model": map[string]any{"kind": "bert", "layers": 2, "hidden": 8, "heads": 2, "tokenizer": "v"}, "freeze": "all-but-head"}, "freeze: all-but-head trains the head first or alone, and protonet puts none on a bert"},
		{texts, map[string]any{"algorithm": "reptile", "freeze": "lp-ft", "tasks": map[string]any{"kind": "jsonl", "path": "t.jsonl", "type": "generation"}}, "freeze: lp-ft trains the head first or alone, and a language model has its head within"},
		{texts, map[string]any{"algorithm": "reptile", "freeze": "bottom-2", "tasks": map[string]any{"kind": "jsonl", "path": "t.jsonl", "type": "generation"}}, ""},
		{map[string]any{"model": map[string]any{"kind": "conv4"}}, map[string]any{"algorithm": "maml", "freeze": "lp-ft", "tasks": map[string]any{"kind": "images", "path": "i"}}, ""},
		{texts, map[string]any{"algorithm": "protonet", "freeze": "lp-ft"}, ""},
		{texts, map[string]any{"algorithm": "maml", "freeze": "lora-4"}, ""},
		{texts, map[string]any{"algorithm": "maml", "freeze": "lora-4", "inner_freeze": "none"}, ""},
		{texts, map[string]any{"algorithm": "reptile", "freeze": "lora-4"}, ""},
		{texts, map[string]any{"algorithm": "reptile", "freeze": "lora-4", "inner_freeze": "none"}, "inner_freeze: is none, but reptile trains what its inner loop adapts, and the matrices of lora-4 would stay as they are (use same"},
		{texts, map[string]any{"algorithm": "reptile", "freeze": "bottom-1", "inner_freeze": "none"}, ""},
		{texts, map[string]any{"algorithm": "maml", "freeze": "lora-4", "inner_freeze": "head"}, ""},
		{texts, map[string]any{"algorithm": "anil", "freeze": "lora-4"}, ""},
		{texts, map[string]any{"algorithm": "finetune", "freeze": "lora-4"}, ""},
		{texts, map[string]any{"algorithm": "reptile", "inner_freeze": "head"}, "inner_freeze: is head, but reptile trains"},
	} {
		values := maps.Clone(c.base)
		maps.Copy(values, c.changes)
		_, err := Parse(values)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.changes, err, c.want)
		}
	}
}

// TestAdaptationSteps: the defaults depend on the algorithm, and evaluation
// follows training.
func TestAdaptationSteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		changes     map[string]any
		train, eval int
	}{
		{map[string]any{"algorithm": "maml"}, 5, 5},
		{map[string]any{"algorithm": "finetune"}, 50, 50},
		{map[string]any{"algorithm": "maml", "adaptation_steps": 1}, 1, 1},
		{map[string]any{"algorithm": "reptile", "adaptation_steps": 3, "eval_adaptation_steps": 10}, 3, 10},
	} {
		values := map[string]any{"model": "m", "tasks": map[string]any{"kind": "jsonl", "path": "t.jsonl"}}
		maps.Copy(values, c.changes)
		got, err := Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		if got.AdaptationSteps != c.train || got.EvalAdaptationSteps != c.eval {
			t.Errorf("%v: %d and %d steps, want %d and %d", c.changes, got.AdaptationSteps, got.EvalAdaptationSteps, c.train, c.eval)
		}
	}
	unused := Unused(map[string]any{"algorithm": "protonet", "inner_lr": 0.1, "adaptation_steps": 2, "inner_freeze": "none", "learning_rate": 1e-3})
	if strings.Join(unused, " ") != "inner_lr adaptation_steps inner_freeze" {
		t.Errorf("protonet does not read %v", unused)
	}
}

// TestAdaptsLoRA: an inner loop changes LoRA's matrices where it leaves all else
// as the outer loop does.
func TestAdaptsLoRA(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		algorithm, freeze, inner string
		want                     bool
	}{
		{"maml", "lora-4", "same", true},
		{"fomaml", "lora-4", "same", true},
		{"reptile", "lora-4", "same", true},
		{"maml", "lora-4", "none", false},
		{"maml", "lora-4", "head", false},
		{"maml", "bottom-1", "same", false},
		{"anil", "lora-4", "", false},
		{"finetune", "lora-4", "", false},
		{"protonet", "lora-4", "", false},
		{"joint", "lora-4", "", false}, // by heads
	} {
		values := map[string]any{"model": "m", "tasks": map[string]any{"kind": "jsonl", "path": "t.jsonl"}, "algorithm": c.algorithm, "freeze": c.freeze}
		if c.inner != "" {
			values["inner_freeze"] = c.inner
		}
		got, err := Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		if got.AdaptsLoRA() != c.want {
			t.Errorf("%v: %v", c, got.AdaptsLoRA())
		}
		if got.Freeze.Kind == FreezeLoRA && got.Alpha() != 8 {
			t.Errorf("%v: alpha %g", c, got.Alpha())
		}
	}
}

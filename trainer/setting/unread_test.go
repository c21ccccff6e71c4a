package setting

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

// TestUnread: a study is refused what nothing in it reads.
func TestUnread(t *testing.T) {
	t.Parallel()
	folder := map[string]any{"model": "m", "tasks": map[string]any{"kind": "jsonl", "path": "t"}}
	sine := map[string]any{"model": map[string]any{"kind": "mlp", "hidden": 8}, "tasks": map[string]any{"kind": "sinusoid"}, "algorithm": "maml"}
	pictures := map[string]any{"model": map[string]any{"kind": "conv4"}, "tasks": map[string]any{"kind": "images", "path": "i"}}
	regression := map[string]any{"model": "m", "tasks": map[string]any{"kind": "jsonl", "path": "t", "type": "regression"}, "algorithm": "maml"}
	generation := map[string]any{"model": "m", "tasks": map[string]any{"kind": "jsonl", "path": "t", "type": "generation"}, "algorithm": "maml"}
	// set returns the base with more settings; a dotted name sets a part.
	set := func(base map[string]any, more map[string]any) map[string]any {
		values := maps.Clone(base)
		for name, v := range more {
			mapping, part, isPart := strings.Cut(name, ".")
			if isPart {
				of := maps.Clone(values[mapping].(map[string]any))
				of[part] = v
				name, v = mapping, of
			}
			values[name] = v
		}
		return values
	}
	for _, c := range []struct {
		base     map[string]any
		more     map[string]any
		searched []string
		want     string // the problem; "": none
	}{
		// Parts of mappings.
		{sine, map[string]any{"model.heads": 2}, nil, "model.heads: is not read by a model of kind mlp (leave it out; there are kind, hidden)"},
		{sine, map[string]any{"model.filters": 2}, nil, "model.filters: is not read by a model of kind mlp"},
		{pictures, map[string]any{"model.hidden": 2}, nil, "model.hidden: is not read by a model of kind conv4 (leave it out; there are kind, filters)"},
		{pictures, map[string]any{"model.filters": 2, "tasks.rotations": true}, nil, ""},
		{folder, map[string]any{"tasks.image_size": 28}, nil, "tasks.image_size: is not read by tasks of kind jsonl (leave it out; there are kind, type, path, text, label, task,"},
		{folder, map[string]any{"tasks.files_as_tasks": true}, nil, "tasks.files_as_tasks: is not read by tasks of kind jsonl"},
		{folder, map[string]any{"tasks.text": "a", "tasks.max_per_class": 3}, nil, ""},
		{pictures, map[string]any{"tasks.text": "a"}, nil, "tasks.text: is not read by tasks of kind images"},
		{sine, map[string]any{"tasks.path": "a"}, nil, "tasks.path: is not read by tasks of kind sinusoid (leave it out; there are kind, type, split_seed)"},
		{sine, map[string]any{"tasks.split": map[string]any{"train": 0.5, "validation": 0.25, "test": 0.25}}, nil, "tasks.split: is not read"},
		{sine, map[string]any{"tasks.split_seed": 3}, nil, ""},
		// What tasks have.
		{sine, map[string]any{"ways": 5}, nil, "ways: is not read for tasks of type regression (leave it out)"},
		{sine, nil, []string{"ways"}, "ways: is not read for tasks of type regression"},
		{regression, map[string]any{"eval_ways": 5}, nil, "eval_ways: is not read for tasks of type regression"},
		{regression, map[string]any{"tasks.label": "minutes"}, nil, ""},
		{generation, map[string]any{"tasks.label": "author"}, nil, "tasks.label: is not read for tasks of type generation"},
		{generation, map[string]any{"pooling": "cls"}, nil, "pooling: is not read for tasks of type generation"},
		{pictures, map[string]any{"max_length": 32}, nil, "max_length: is not read for tasks of kind images, which have no texts"},
		{sine, nil, []string{"token_mask"}, "token_mask: is not read for tasks of kind sinusoid, which have no texts"},
		{sine, map[string]any{"split": map[string]any{"train": []any{"a"}}}, nil, "split: is not read for tasks of kind sinusoid"},
		// Algorithms.
		{folder, map[string]any{"inner_lr": 0.1}, nil, "inner_lr: is not read by protonet (leave it out, or use joint, maml, fomaml, anil, reptile)"},
		{folder, map[string]any{"algorithm": "protonet"}, []string{"inner_lr"}, "inner_lr: is not read by protonet"},
		{folder, map[string]any{"inner_lr": 0.1}, []string{"algorithm"}, ""},
		{folder, nil, []string{"algorithm", "inner_lr", "batch_size"}, ""},
		{folder, map[string]any{"algorithm": "joint", "inner_lr": 0.1}, nil, "inner_lr: is not read by joint"},
		{sine, map[string]any{"algorithm": "joint", "inner_lr": 0.1, "eval_adaptation_steps": 3}, nil, ""},
		{sine, map[string]any{"algorithm": "joint", "batch_size": 3}, nil, "batch_size: is not read by joint"},
		{folder, map[string]any{"algorithm": "joint", "batch_size": 3}, nil, ""},
		{folder, map[string]any{"algorithm": "finetune", "iterations": 3}, nil, "iterations: is not read by finetune"},
		{folder, map[string]any{"algorithm": "anil", "inner_freeze": "none"}, nil, "inner_freeze: is not read by anil"},
		{folder, map[string]any{"epochs": 3}, nil, "epochs: means nothing to protonet"}, // said once
		// Strategies.
		{folder, map[string]any{"lora_alpha": 3}, nil, "lora_alpha: is not read with freeze: none (leave it out, or use lora-R)"},
		{folder, map[string]any{"lora_alpha": 3, "freeze": "lora-2"}, nil, ""},
		{folder, map[string]any{"lora_alpha": 3, "unfreeze_ratio": 0.2}, []string{"freeze"}, ""},
		{folder, map[string]any{"unfreeze_ratio": 0.2, "freeze": "bottom-1"}, nil, "unfreeze_ratio: is not read with freeze: bottom-1 (leave it out, or use gradual, lp-ft)"},
	} {
		err := CheckStudy(set(c.base, c.more), c.searched)
		var ps Problems
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v, %v searched: %v", c.more, c.searched, err)
		case c.want != "" && (!errors.As(err, &ps) || len(ps) != 1 || !strings.HasPrefix(ps[0].Error(), c.want)):
			t.Errorf("%v, %v searched: %v, want %q", c.more, c.searched, err, c.want)
		}
	}
}

// TestUnread_trial: a trial of a study that searches algorithms gets settings
// of all of them, and a part that a kind does not have is wrong in any case.
func TestUnread_trial(t *testing.T) {
	t.Parallel()
	if _, err := Parse(minimal(map[string]any{"inner_lr": 0.1, "lora_alpha": 2})); err != nil {
		t.Error(err)
	}
	_, err := Parse(minimal(map[string]any{"model": map[string]any{"kind": "bert", "layers": 1, "hidden": 8, "heads": 1, "tokenizer": "t", "filters": 3}}))
	if err == nil || !strings.Contains(err.Error(), "model.filters: is not read by a model of kind bert") {
		t.Error(err)
	}
}

package setting

import (
	"strings"
	"testing"
)

func TestImages(t *testing.T) {
	t.Parallel()
	values := map[string]any{
		"model": map[string]any{"kind": "conv4"},
		"tasks": map[string]any{"kind": "images", "path": "characters", "image_size": 28, "rotations": true, "invert": true},
	}
	c, err := Parse(values)
	if err != nil {
		t.Fatal(err)
	}
	if c.Model.Filters != 64 {
		t.Errorf("%d filters when none are given, want 64", c.Model.Filters)
	}
	if s := c.Tasks; s.ImageSize != 28 || !s.Rotations || !s.Invert || s.Color || s.FoldersAsTasks {
		t.Errorf("tasks = %+v", s)
	}
	for name, value := range map[string]any{"tasks.rotations": "yes", "tasks.color": "rgb", "tasks.invert": 1} {
		if err := Check(name, value); err == nil || !strings.Contains(err.Error(), "neither true nor false") {
			t.Errorf("%s: %v gave %v", name, value, err)
		}
	}
	if s, _ := Lookup("tasks.rotations"); s.Allowed() != "true or false" {
		t.Errorf("allowed: %s", s.Allowed())
	}
}

// TestInputs: a described network reads what the tasks have.
func TestInputs(t *testing.T) {
	t.Parallel()
	of := map[string]map[string]any{
		"jsonl": {"kind": "jsonl", "path": "x"}, "images": {"kind": "images", "path": "x"}, "sinusoid": {"kind": "sinusoid"},
	}
	networks := map[string]map[string]any{
		"bert":  {"kind": "bert", "layers": 1, "hidden": 8, "heads": 1, "tokenizer": "x"},
		"conv4": {"kind": "conv4"}, "mlp": {"kind": "mlp", "hidden": 8},
	}
	for _, tt := range []struct{ network, tasks, want string }{
		{"bert", "jsonl", ""},
		{"bert", "images", "bert reads texts, tasks of kind images are none (for images use conv4)"},
		{"bert", "sinusoid", "(for numbers use mlp)"},
		{"conv4", "images", ""},
		{"conv4", "jsonl", "conv4 reads images, tasks of kind jsonl are none (for texts use the folder of a pretrained model, or bert)"},
		{"mlp", "sinusoid", ""},
		{"mlp", "images", ""},
		{"mlp", "jsonl", "mlp reads numbers"},
	} {
		algorithm := "protonet"
		if tt.tasks == "sinusoid" {
			algorithm = "maml"
		}
		_, err := Parse(map[string]any{"model": networks[tt.network], "tasks": of[tt.tasks], "algorithm": algorithm})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s on %s: %v, want %q", tt.network, tt.tasks, err, tt.want)
		}
	}
	if err := (Model{Kind: ModelConv4}).FitsImages(15, 28); err == nil {
		t.Error("images of 15 pixels fit a conv4")
	}
	if err := (Model{Kind: ModelMLP}).FitsImages(3, 3); err != nil {
		t.Error(err)
	}
}

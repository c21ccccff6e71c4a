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

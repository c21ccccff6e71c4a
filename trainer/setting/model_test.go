package setting

import (
	"strings"
	"testing"
)

func TestModel_described(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes map[string]any
		want    string // "": it is in order
	}{
		"good":            {nil, ""},
		"no multiple":     {map[string]any{"hidden": 30, "heads": 4}, "model.hidden: 30 is no multiple of the 4 heads (use 32, or other heads)"},
		"two widths":      {map[string]any{"hidden": []any{16, 16}}, "model.hidden: a bert has one width, not 2"},
		"no tokenizer":    {map[string]any{"tokenizer": nil}, "model.tokenizer: is missing, a bert needs it"},
		"no layers":       {map[string]any{"layers": 0}, "model.layers: 0 is out of range"},
		"unknown network": {map[string]any{"kind": "lstm"}, `model.kind: unknown value "lstm"`},
		"unknown part":    {map[string]any{"layer": 2}, "model.layer: is not a setting (did you mean model.layers?)"},
	} {
		described := map[string]any{"kind": "bert", "layers": 2, "hidden": 32, "heads": 4, "tokenizer": "vocab.txt"}
		for key, value := range c.changes {
			described[key] = value
			if value == nil {
				delete(described, key)
			}
		}
		_, err := Parse(map[string]any{"model": described, "tasks": map[string]any{"kind": "wordnet"}})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

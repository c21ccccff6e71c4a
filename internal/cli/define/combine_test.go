package define

import (
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

// curves returns a study of sine curves that searches the choices of settings.
func curves(train map[string]any, searched ...search.Param) *search.Definition {
	def := &search.Definition{Train: train, Space: searched}
	def.Objective.Kind = studyfile.MetaTraining
	def.Train["model"] = map[string]any{"kind": "mlp", "hidden": []any{int64(8)}}
	def.Train["tasks"] = map[string]any{"kind": "sinusoid"}
	return def
}

func choices(name string, of ...any) search.Param {
	return search.Param{Name: name, Distribution: search.Categorical{Choices: of}}
}

// TestWorkable: whether a study is accepted does not depend on the order of
// its choices, and what fails only together with another value is a warning.
func TestWorkable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		def      *search.Definition
		refused  string
		warnings []string
	}{
		{"all go together", curves(map[string]any{}, choices("algorithm", "maml", "reptile")), "", nil},
		{"some exclude each other, those first",
			curves(map[string]any{}, choices("algorithm", "reptile", "maml"), choices("inner_freeze", "head", "none")), "", []string{"reptile trains"}},
		{"some exclude each other, those last",
			curves(map[string]any{}, choices("algorithm", "maml", "reptile"), choices("inner_freeze", "none", "head")), "", []string{"reptile trains"}},
		{"an algorithm that never works, the first",
			curves(map[string]any{}, choices("algorithm", "protonet", "maml")), "protonet does not learn", nil},
		{"an algorithm that never works, the last",
			curves(map[string]any{}, choices("algorithm", "maml", "protonet")), "protonet does not learn", nil},
		{"a value that a fixed one rules out",
			curves(map[string]any{"inner_freeze": "head"}, choices("algorithm", "maml", "reptile")), "reptile trains", nil},
		{"a setting that nobody reads",
			curves(map[string]any{"inner_batch_size": int64(2)}, choices("algorithm", "maml", "anil")), "", []string{"inner_batch_size changes nothing"}},
		{"a setting that one algorithm reads",
			curves(map[string]any{"inner_batch_size": int64(2)}, choices("algorithm", "maml", "reptile")), "", nil},
	} {
		config, err := workable(c.def)
		switch {
		case c.refused != "":
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v, want %q", c.name, err, c.refused)
			}
			continue
		case err != nil || config == nil:
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := Warnings(c.def)
		if len(got) != len(c.warnings) {
			t.Errorf("%s: warnings %q, want %q", c.name, got, c.warnings)
			continue
		}
		for i, want := range c.warnings {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: warning %q, want %q", c.name, got[i], want)
			}
		}
	}
}

package define

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

const file = `version: 1
name: s
objective: {kind: external, metric: loss}
train: {depth: 3, rate: 0.5}
space:
  - {name: x, type: int, low: 1, high: 9}
  - {name: y, type: categorical, choices: [1, 2.5, a], when: {x: [3]}}
budget: {trials: 5}
enqueue: [{x: 3}]
`

func parse(t *testing.T, text string) *studyfile.File {
	t.Helper()
	f, err := studyfile.Parse([]byte(text), "s.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// stored returns a definition as it comes back from a storage: through JSON.
func stored(t *testing.T, f *studyfile.File) *search.Definition {
	t.Helper()
	text, err := json.Marshal(f.Definition)
	if err != nil {
		t.Fatal(err)
	}
	var def search.Definition
	if err := json.Unmarshal(text, &def); err != nil {
		t.Fatal(err)
	}
	def.Sampler.Seed = 99 // drawn when the study was created
	def.Split = map[string][]string{"train": {"a"}}
	return &def
}

func TestDifference(t *testing.T) {
	t.Parallel()
	def := stored(t, parse(t, file))
	for _, test := range []struct{ old, new, want string }{
		{"", "", ""},
		{"trials: 5", "trials: 50", ""}, // a run may change the budget
		{"high: 9", "high: 8", "space (x)"},
		{"rate: 0.5", "rate: 0.6, more: a", "train (more: a instead of none; rate: 0.6 instead of 0.5)"},
		{"metric: loss", "metric: loss, direction: maximize", "objective (direction: maximize instead of minimize)"},
		{"enqueue: [{x: 3}]", "enqueue: [{x: 4}]", "enqueue"},
		{"budget:", "sampler: {kind: random, seed: 99}\nbudget:", "sampler (kind: random instead of auto)"},
		{"budget:", "sampler: {kind: auto, seed: 99}\nbudget:", ""},
		{"budget:", "sampler: {kind: tpe, seed: 98}\nbudget:", "sampler (kind: tpe instead of auto; seed: 98 instead of 99)"},
		{"budget:", "pruner: {kind: median}\nbudget:", "pruner (kind: median instead of none)"},
	} {
		got, err := Difference(parse(t, strings.Replace(file, test.old, test.new, 1)), def)
		if err != nil || got != test.want {
			t.Errorf("%q -> %q: difference in %q, %v, want %q", test.old, test.new, got, err, test.want)
		}
	}
}

func TestIsFile(t *testing.T) {
	t.Parallel()
	there := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(there, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]bool{
		"-":                     true,
		"studies:wordnet-joint": true,
		"./mine":                true,
		there:                   true,
		"Mine.yaml":             true, // no study has this name
		"mine":                  false,
		"mine-v1.2":             false,
	} {
		if got := IsFile(arg); got != want {
			t.Errorf("IsFile(%q) = %v, want %v", arg, got, want)
		}
	}
}

func TestComplete_seed(t *testing.T) {
	t.Parallel()
	f := parse(t, file)
	if err := Complete(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if !f.SeedGiven || f.Sampler.Seed < 0 || f.Sampler.Seed >= 1<<31 {
		t.Errorf("seed %d, given %v", f.Sampler.Seed, f.SeedGiven)
	}
	drawn := f.Sampler.Seed
	if err := Complete(t.Context(), f); err != nil || f.Sampler.Seed != drawn {
		t.Errorf("a second call drew another seed: %d, %v", f.Sampler.Seed, err)
	}
}

func TestCombinations(t *testing.T) {
	t.Parallel()
	all := combinations(&search.Definition{
		Train: map[string]any{"algorithm": "protonet"},
		Space: search.Space{
			{Name: "ways", Distribution: search.Int{Low: 2, High: 7}},
			{Name: "freeze", Distribution: search.Categorical{Choices: []any{"none", "embeddings"}}},
			{Name: "dropout", Distribution: search.Float{Low: 0.1, High: 0.3}},
			{Name: "batch_size", Distribution: search.Int{Low: 4, High: 8}, When: map[string][]any{"algorithm": {"joint"}}},
		},
	})
	if len(all) != 2 || all[0]["freeze"] != "none" || all[1]["freeze"] != "embeddings" {
		t.Fatalf("combinations = %v", all)
	}
	for _, values := range all {
		if values["ways"] != int64(7) || values["dropout"] != 0.1 || values["batch_size"] != nil {
			t.Errorf("combination %v", values)
		}
	}
}

package studyfile

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

var update = flag.Bool("update", false, "rewrite testdata/bad/*.want")

// Every file in testdata/bad has its findings beside it in a .want file.
func TestParse_badFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(data, filepath.Base(path), t.TempDir())
			var findings Findings
			if !errors.As(err, &findings) {
				t.Fatalf("error is %v, want Findings", err)
			}
			var got strings.Builder
			for _, f := range findings {
				got.WriteString(f.String() + "\n")
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("findings differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	got, err := Load("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	model, err := filepath.Abs("testdata/good/model")
	if err != nil {
		t.Fatal(err)
	}
	target := 0.05
	want := &File{
		SeedGiven: true, SamplerGiven: true,
		Definition: search.Definition{
			Version:   1,
			Name:      "wordnet-5way-5shot",
			Objective: search.ObjectiveSpec{Kind: "meta-training", Metric: "val_loss", Direction: search.Minimize},
			Train: map[string]any{
				"model": model, "tasks": map[string]any{"kind": "wordnet"},
				"algorithm": "protonet", "ways": int64(5), "shots": int64(5), "iterations": int64(200),
			},
			Space: search.Space{
				{Name: "learning_rate", Distribution: search.Float{Low: 1e-6, High: 1e-3, Log: true}},
				{Name: "weight_decay", Distribution: search.Float{Low: 1e-6, High: 1e-1, Log: true}},
				{Name: "freeze", Distribution: search.Categorical{
					Choices: []any{"none", "embeddings", "bottom-2", "bottom-4", "all-but-head"}}},
				{Name: "query_shots", Distribution: search.Int{Low: 2, High: 10, Step: 2}},
				{Name: "warmup_ratio", Distribution: search.Float{Low: 0, High: 0.2, Step: 0.05},
					When: map[string][]any{"freeze": {"none", "embeddings"}, "algorithm": {"protonet"}}},
			},
			Sampler: search.SamplerSpec{Kind: "tpe", Seed: 42, StartupTrials: 10},
			Pruner:  search.PrunerSpec{Kind: "median", WarmupSteps: 2},
			Budget:  search.Budget{Trials: 20, Parallel: 2, Timeout: 30 * time.Minute, MaxFailed: 5, Target: &target, NoImprovement: 8},
			Enqueue: []map[string]any{{"learning_rate": 2e-5, "weight_decay": 0.01, "freeze": "none"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Load differs (-want +got):\n%s", diff)
	}
	if err := got.Space.Validate(got.Train); err != nil {
		t.Errorf("the domain refuses the space: %v", err)
	}
}

func TestLoad_defaults(t *testing.T) {
	t.Parallel()
	got, err := Load("testdata/good/command.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Definition: search.Definition{
		Version: 1,
		Name:    "any-program",
		Objective: search.ObjectiveSpec{Kind: "command", Metric: "loss", Direction: search.Minimize,
			Command: []string{"python3", "train.py", "3"}},
		Space:   search.Space{{Name: "x", Distribution: search.Float{Low: -1, High: 1}}},
		Sampler: search.SamplerSpec{Kind: "auto"},
		Pruner:  search.PrunerSpec{Kind: "none"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Load differs (-want +got):\n%s", diff)
	}
}

func TestLoad_severalObjectives(t *testing.T) {
	t.Parallel()
	got, err := Load("testdata/good/several.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := search.ObjectiveSpec{
		Kind: "command", Metric: "loss", Direction: search.Minimize,
		Metrics:    []string{"loss", "val_accuracy", "seconds"},
		Directions: []search.Direction{search.Minimize, search.Maximize, search.Minimize},
		Command:    []string{"./train"},
	}
	if diff := cmp.Diff(want, got.Objective); diff != "" {
		t.Errorf("objective (-want +got):\n%s", diff)
	}
	if got.Budget.StallTimeout != 10*time.Minute {
		t.Errorf("stall_timeout %s", got.Budget.StallTimeout)
	}
}

func TestLoad_terminator(t *testing.T) {
	t.Parallel()
	got, err := Load("testdata/good/ending.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tolerance := 0.01
	want := &search.TerminatorSpec{Kind: "regret-bound", Error: &tolerance, MinTrials: 30, Interval: 10}
	if diff := cmp.Diff(want, got.Budget.Terminator); diff != "" {
		t.Errorf("terminator (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(search.ObjectiveSpec{Kind: "external", Metric: "score", Direction: search.Maximize}, got.Objective); diff != "" {
		t.Errorf("a list of one metric (-want +got):\n%s", diff)
	}
}

func TestLoad_unreadable(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "none.yaml"),
		"folder":  t.TempDir(),
	} {
		var findings Findings
		if _, err := Load(path); err == nil || errors.As(err, &findings) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one that names %s", name, err, path)
		}
	}
}

func TestFindings_oneLine(t *testing.T) {
	t.Parallel()
	f := Findings{{File: "s.yaml", Line: 3, Message: "unknown key", Hint: "did you mean x?"}, {File: "s.yaml", Message: "b"}}
	const want = "s.yaml:3: unknown key; did you mean x? (and 1 more: hpsearch study check lists them all)"
	if got := f.Error(); got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

// FuzzParse checks that no input panics, that every refusal is Findings with
// one-line messages, and that what is accepted is a space that the domain
// accepts too.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data, "fuzz.yaml", "")
		if err != nil {
			var findings Findings
			if !errors.As(err, &findings) || len(findings) == 0 {
				t.Fatalf("error is %T %v, want Findings", err, err)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %q", err)
			}
			return
		}
		if err := file.Space.Validate(file.Train); err != nil {
			t.Fatalf("accepted, but: %v", err)
		}
		for _, entry := range file.Enqueue {
			if problems := CheckEntry(entry, file.Space, file.Train); len(problems) > 0 {
				t.Fatalf("accepted, but: %v", problems)
			}
		}
	})
}

package task

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// ratings returns a family of 8 tasks in a file each, or in one with a column.
func ratings(t *testing.T, kind setting.TaskType, files bool) *Family {
	t.Helper()
	dir := t.TempDir()
	var all strings.Builder
	for task := range 8 {
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, `{"text": "t%d %d", "label": %d}`+"\n", task, i, 100+task+i)
			fmt.Fprintf(&all, `{"text": "t%d %d", "label": "%d", "task": "task %d"}`+"\n", task, i, 100+task+i, task)
		}
		if files {
			put(t, filepath.Join(dir, fmt.Sprintf("task %d.jsonl", task)), b.String())
		}
	}
	if !files {
		put(t, filepath.Join(dir, "all.jsonl"), all.String())
	}
	f, err := Load(setting.Tasks{Kind: "text-folder", Path: dir, Text: "text", Label: "label", Task: "task", Type: kind, FilesAsTasks: files})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRegression: tasks in files or a column, values standardised by those of
// meta-training alone.
func TestRegression(t *testing.T) {
	t.Parallel()
	for _, files := range []bool{true, false} {
		f := ratings(t, setting.Regression, files)
		if len(f.Tasks) != 8 || f.Tasks[3].Name != "task 3" || len(f.Values) != 80 {
			t.Fatalf("files %v: %d tasks %v, %d values", files, len(f.Tasks), f.Tasks, len(f.Values))
		}
		for _, algorithm := range []string{setting.MAML, setting.Joint} {
			c := &setting.Config{
				Algorithm: algorithm, Ways: 5, Shots: 3, QueryShots: 4, EvalWays: 5, EvalShots: 3, BatchSize: 4, MetaBatchSize: 1,
				Tasks: setting.Tasks{Type: setting.Regression, Fractions: setting.Fractions{Train: 0.5, Validation: 0.25, Test: 0.25}},
			}
			p, err := NewPlan(f, c, 1)
			if err != nil {
				t.Fatal(err)
			}
			e := p.Validation.Episode(0)
			if len(e.Support.Values) != 3 || len(e.Query.Values) != 4 || e.Support.Labels != nil || e.Task == "" {
				t.Errorf("episode %+v", e)
			}
			scale := f.scale(p.Split)
			for i, x := range e.Query.Examples {
				if back := scale.Back(float64(e.Query.Values[i])); math.Abs(back-f.Values[x]) > 1e-4 {
					t.Errorf("value %g of example %d is %g", e.Query.Values[i], x, back)
				}
			}
			if algorithm == setting.Joint {
				sum, squares, n := 0.0, 0.0, 0.0
				for _, task := range p.Joint.Tasks() {
					for _, v := range task.Set.Values {
						sum, squares, n = sum+float64(v), squares+float64(v)*float64(v), n+1
					}
				}
				if math.Abs(sum/n) > 1e-5 || math.Abs(squares/n-1) > 1e-5 {
					t.Errorf("mean %g, square %g of %g training values", sum/n, squares/n, n)
				}
				if b := p.Joint.Step(0)[0]; len(b.Values) != 4 || b.Labels != nil {
					t.Errorf("batch %+v", b)
				}
			}
		}
	}
}

func TestGeneration(t *testing.T) {
	t.Parallel()
	f := ratings(t, setting.Generation, true)
	c := &setting.Config{
		Algorithm: setting.Joint, Shots: 3, QueryShots: 4, EvalShots: 3, MetaBatchSize: 1,
		Tasks: setting.Tasks{Type: setting.Generation, Fractions: setting.Fractions{Train: 0.5, Validation: 0.25, Test: 0.25}},
	}
	p, err := NewPlan(f, c, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := p.Train.Episode(0)
	if len(e.Support.Examples) != 3 || len(e.Query.Examples) != 4 || e.Support.Labels != nil || e.Support.Values != nil {
		t.Errorf("episode %+v", e)
	}
}

func TestRegression_badInput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, want string }{
		"word":         {`{"text": "a", "label": "high", "task": "x"}`, `a.jsonl:1: the label "high" is not a number`},
		"not a number": {`{"text": "a", "label": "NaN", "task": "x"}`, `the label "NaN" is not a number`},
		"infinite":     {`{"text": "a", "label": 1e999, "task": "x"}`, "is not a number"},
		"no task":      {`{"text": "a", "label": 1}`, `a.jsonl:1: no column "task": tasks of type regression need one, or tasks.files_as_tasks in a folder`},
		"no label":     {`{"text": "a", "task": "x"}`, `no column "label"`},
	} {
		path := filepath.Join(t.TempDir(), "a.jsonl")
		put(t, path, c.content+"\n")
		_, err := Load(setting.Tasks{Kind: "jsonl", Path: path, Text: "text", Label: "label", Task: "task", Type: setting.Regression})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

package trainer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// counts writes a folder of a file for each of twelve tasks, in which a text's
// number is 50 and 10 more for each time that it says "toaa".
func counts(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	dir := t.TempDir()
	for task := range 12 {
		var b strings.Builder
		b.WriteString("text,label\n")
		for i := range 16 {
			words := make([]string, 8)
			n := 0
			for j := range words {
				words[j] = fmt.Sprintf("no%c%c", 'a'+rune(rng.IntN(5)), 'a'+rune((task+i)%6))
				if rng.IntN(2) == 0 {
					words[j], n = "toaa", n+1
				}
			}
			fmt.Fprintf(&b, "%s,%d\n", strings.Join(words, " "), 50+10*n)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("task-%02d.csv", task)), []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRegressionOfTexts: with either pooling, algorithms that fit a head and
// such that descend gradients do better than the mean of meta-training, whose
// loss is 1.
func TestRegressionOfTexts(t *testing.T) {
	p := newPlace(t)
	tasks := counts(t)
	s := open(t)
	for _, pooling := range []string{"mean", "cls"} {
		for _, algorithm := range []string{setting.Joint, setting.FOMAML} {
			changes := map[string]any{
				"algorithm": algorithm, "pooling": pooling, "learning_rate": 1e-2, "iterations": 60, "eval_every": 30, "dropout": 0,
				"shots": 8, "query_shots": 8, "inner_lr": 0.05,
				"tasks": map[string]any{"kind": "text-folder", "path": tasks, "type": "regression", "files_as_tasks": true},
			}
			s.send(p.trial(t, 1, "", changes))
			result, reports := until[protocol.Result](s)
			if _, has := result.Metrics["val_accuracy"]; has || !(float64(*result.Value) < 0.7) {
				t.Errorf("%s, %s: %v after %v", algorithm, pooling, *result.Value, reports[0].Metrics)
			}
		}
	}
	refused := map[string]any{"algorithm": setting.Protonet, "tasks": map[string]any{"kind": "text-folder", "path": tasks, "type": "regression", "files_as_tasks": true}}
	s.send(p.trial(t, 2, "", refused))
	if failed, _ := until[protocol.Failed](s); failed.Reason != protocol.BadConfig || !strings.Contains(failed.Message, "protonet does not learn tasks of type regression") {
		t.Errorf("%+v", failed)
	}
	many := map[string]any{"algorithm": setting.FOMAML, "shots": 15, "query_shots": 8, "tasks": map[string]any{"kind": "text-folder", "path": tasks, "type": "regression", "files_as_tasks": true}}
	s.send(p.trial(t, 3, "", many))
	if failed, _ := until[protocol.Failed](s); failed.Reason != protocol.BadConfig || !strings.Contains(failed.Message, `"task-`) || !strings.Contains(failed.Message, "needs 23 different examples") {
		t.Errorf("%+v", failed)
	}
}

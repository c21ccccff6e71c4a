package trainer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// counts writes a folder of a file for each of twelve tasks, in which a text's
// number is 50 and 10 more for each time that it says "toaa".
func counts(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	dir := t.TempDir()
	for task := range 12 {
		writeCounts(t, rng, filepath.Join(dir, fmt.Sprintf("task-%02d.csv", task)), task, 16)
	}
	return dir
}

// writeCounts writes a task of n texts, and returns them with their numbers.
func writeCounts(t *testing.T, rng *rand.Rand, path string, task, n int) (texts []string, numbers []float64) {
	t.Helper()
	var b strings.Builder
	b.WriteString("text,label\n")
	for i := range n {
		words := make([]string, 8)
		toaas := 0
		for j := range words {
			words[j] = fmt.Sprintf("no%c%c", 'a'+rune(rng.IntN(5)), 'a'+rune((task+i)%6))
			if rng.IntN(2) == 0 {
				words[j], toaas = "toaa", toaas+1
			}
		}
		texts, numbers = append(texts, strings.Join(words, " ")), append(numbers, float64(50+10*toaas))
		fmt.Fprintf(&b, "%s,%g\n", texts[i], numbers[i])
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return texts, numbers
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

// TestAdaptOfNumbers exports regressions, fits them to a task and has numbers
// told in the unit of its labels, closer to them than their mean is.
func TestAdaptOfNumbers(t *testing.T) {
	p := newPlace(t)
	tasks := counts(t)
	s := open(t)
	rng := rand.New(rand.NewPCG(6, 6))
	for _, algorithm := range []string{setting.Joint, setting.FOMAML, setting.Finetune} {
		changes := map[string]any{
			"algorithm": algorithm, "learning_rate": 1e-2, "iterations": 60, "eval_every": 30, "dropout": 0,
			"shots": 8, "query_shots": 8, "inner_lr": 0.05,
			"tasks": map[string]any{"kind": "text-folder", "path": tasks, "type": "regression", "files_as_tasks": true},
		}
		dir := t.TempDir()
		exported, adapted := filepath.Join(dir, "exported"), filepath.Join(dir, "adapted")
		s.job(protocol.JobExport, p.exportJobOf(1, exported, changes), new(export.Report))
		if failed := s.refused(protocol.JobPredict, map[string]any{"model": exported, "texts": []string{"toaa"}}); !strings.Contains(failed.Message, "has learned no task yet") {
			t.Errorf("%s: %+v", algorithm, failed)
		}
		task := filepath.Join(dir, "task.csv")
		writeCounts(t, rng, task, 12, 40)
		var learned export.Adapted
		s.job(protocol.JobAdapt, map[string]any{"model": exported, "task": task, "to": adapted, "seed": 1, "device": "cpu"}, &learned)
		if learned.Examples != 40 || learned.Folds != 5 || learned.Labels != nil || learned.Accuracy != nil || learned.RMSE == nil || learned.R2 == nil {
			t.Fatalf("%s: %+v", algorithm, learned)
		}
		texts, numbers := writeCounts(t, rng, filepath.Join(dir, "rest.csv"), 13, 40)
		var out predictions
		s.job(protocol.JobPredict, map[string]any{"model": adapted, "texts": texts, "device": "cpu"}, &out)
		squares, variance := 0.0, 0.0
		for i, one := range out.Predictions {
			if one.Value == nil || one.Label != "" || one.Continuation != "" {
				t.Fatalf("%s: %+v", algorithm, one)
			}
			squares += (*one.Value - numbers[i]) * (*one.Value - numbers[i])
			variance += (90 - numbers[i]) * (90 - numbers[i]) // 50 + 10 · 8/2
		}
		t.Logf("%s: an error of %.3g, %.3g by cross-validation (R2 %.3g)", algorithm, math.Sqrt(squares/40), *learned.RMSE, *learned.R2)
		if !(squares < 0.8*variance) || !(*learned.R2 > 0) || !(*learned.RMSE < 20) {
			t.Errorf("%s: an error of %g, of the mean %g; by cross-validation %g", algorithm, math.Sqrt(squares/40), math.Sqrt(variance/40), *learned.RMSE)
		}
		bad := filepath.Join(dir, "bad.csv")
		if err := os.WriteFile(bad, []byte("text,label\ntoaa,1\ntoab,many\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "to")
		checkRefusal(t, s.refused(protocol.JobAdapt, map[string]any{"model": exported, "task": bad, "to": to}), `bad.csv:3: the label "many" is not a number`, to)
		checkRefusal(t, s.refused(protocol.JobAdapt, map[string]any{"model": exported, "task": task, "to": to, "device": "tpu"}), `device "tpu"`, to)
		checkRefusal(t, s.refused(protocol.JobPredict, map[string]any{"model": adapted, "texts": texts, "device": "cuda:99"}), `device "cuda:99"`, "")
	}
}

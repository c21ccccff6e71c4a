package interop_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

const fewStudy = `
version: 1
name: any
objective: {kind: command, command: [curve], metric: loss}
space:
  - {name: x, type: categorical, choices: [0.25, 0.5, 0.75, 1.0]}
sampler: {kind: random, seed: 1}
budget: {trials: 4}
`

// TestAdopts gives a study that Optuna made a study file and runs it, beside
// Optuna's own trials. Its name looks like a path.
func TestAdopts(t *testing.T) {
	t.Parallel()
	const few = "../exp/few"
	onEach(t, func(t *testing.T, s *site) {
		output(t, peer(t, "few", s.sql, few, "0.5", "0.25", "1"))
		before := s.dump(t, few)
		s.refuses(t, "study adopt "+few+" -f FILE gives it one", "run", few)

		file := s.file(t, "few.yaml", fewStudy)
		wrong := s.file(t, "wrong.yaml", strings.Replace(fewStudy, "[0.25, 0.5,", "[0.5, 0.25,", 1))
		s.refuses(t, `trial 0: parameter "x"`, "study", "adopt", few, "-f", wrong)
		same(t, "the study after a refusal", s.dump(t, few), before)
		output(t, s.hpsearch(t, "study", "adopt", few, "-f", file))
		output(t, s.hpsearch(t, "run", few))

		// Optuna's trials are its history: what is left is the value that they
		// have not tried.
		after := s.dump(t, few)
		same(t, "trials", len(after.Trials), 4)
		same(t, "Optuna's trials", after.Trials[:3], before.Trials)
		same(t, "the new one", after.Trials[3].Params, map[string]any{"x": 0.75})
		same(t, "its value", after.Trials[3].Values, []any{0.75})
		same(t, "its distribution", after.Trials[3].Distributions, before.Trials[0].Distributions)
		same(t, "metrics", after.Metrics, []string{"loss"})
		s.compare(t, few, after)

		// Optuna goes on with it, and so does hpsearch.
		output(t, peer(t, "few", s.sql, few, "0.5"))
		output(t, s.hpsearch(t, "run", few, "--trials", "6"))
		after = s.dump(t, few)
		for i, trial := range after.Trials {
			same(t, "number", trial.Number, i)
			same(t, "state", trial.State, "COMPLETE")
		}
		same(t, "trials", len(after.Trials), 6)
		s.compare(t, few, after)
		var shown struct {
			Best struct{ Number int }
		}
		decode(t, output(t, s.hpsearch(t, "study", "show", few, "-o", "json")), &shown)
		same(t, "best", shown.Best.Number, *after.Best)
	})
}

const tunedStudy = `
version: 1
name: any
objective: {kind: meta-training, metric: val_loss, direction: minimize}
train: {model: model, tasks: {kind: jsonl, path: tasks.jsonl}, algorithm: protonet, ways: 2, shots: 1, query_shots: 1,
  iterations: 2, eval_every: 1, max_length: 16}
space:
  - {name: learning_rate, type: float, low: 1e-4, high: 1e-2, log: true}
  - {name: freeze, type: categorical, choices: [none, embeddings]}
sampler: {kind: random, seed: 1}
`

// TestExportsOptunas exports the best trial of a study that Optuna made, which
// has no checkpoint: it is retrained from its parameters.
func TestExportsOptunas(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *site) {
		output(t, peer(t, "tune", s.sql, "tuned"))
		best := *s.dump(t, "tuned").Best
		s.meta(t)
		s.refuses(t, "study adopt tuned -f FILE gives it one", "export", "tuned", "--to", "model-out")
		output(t, s.hpsearch(t, "study", "adopt", "tuned", "-f", s.file(t, "tuned.yaml", tunedStudy)))
		output(t, s.hpsearch(t, "export", "tuned", "--to", "model-out", "--device", "cpu"))
		data, err := os.ReadFile(filepath.Join(s.dir, "model-out", "job.json"))
		if err != nil {
			t.Fatal(err)
		}
		var job struct {
			Study    string
			Trial    int
			Value    float64
			Settings map[string]any
			Split    map[string][]string
		}
		decode(t, data, &job)
		same(t, "study", job.Study, "tuned")
		same(t, "trial", job.Trial, best)
		same(t, "value", job.Value, 0.0)
		same(t, "learning rate", job.Settings["learning_rate"], any(1e-3))
		same(t, "freeze", job.Settings["freeze"], any("embeddings"))
		same(t, "ways, which the file fixes", job.Settings["ways"], any(2.0))
		if len(job.Split["test"]) == 0 {
			t.Errorf("the split %v has no tasks to measure the model on", job.Split)
		}

		// A trial outside of the file's ranges is none that it describes.
		var outside *int
		for _, trial := range s.dump(t, "tuned").Trials {
			if rate, _ := trial.Params["learning_rate"].(float64); rate < 1e-4 {
				outside = &trial.Number
			}
		}
		if outside == nil {
			t.Fatal("no trial of Optuna's is outside of the ranges")
		}
		s.refuses(t, "cannot be retrained by the study's file", "export", "tuned", "--to", "other", "--trial", fmt.Sprint(*outside))
	})
}

// file writes a file into the site's folder and returns its path.
func (s *site) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// meta writes a tiny model and tasks into the site's folder.
func (s *site) meta(t *testing.T) {
	t.Helper()
	const tiny = "../../trainer/model/testdata/tiny"
	if err := os.CopyFS(filepath.Join(s.dir, "model"), os.DirFS(tiny)); err != nil {
		t.Fatal(err)
	}
	s.file(t, "model/vocab.txt", "[PAD]")
	var tasks strings.Builder
	for i := range 64 {
		fmt.Fprintf(&tasks, `{"text": "text %d", "label": "class-%d"}`+"\n", i, i%16)
	}
	s.file(t, "tasks.jsonl", tasks.String())
}

// refuses runs hpsearch, which must fail and say why.
func (s *site) refuses(t *testing.T, why string, args ...string) {
	t.Helper()
	out, err := s.hpsearch(t, args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), why) {
		t.Errorf("hpsearch %s: %v, want %q in\n%s", strings.Join(args, " "), err, why, out)
	}
}

// exporter stands for the trainer: it keeps the job that it is given.
func exporter() int {
	in, out := protocol.NewReader(os.Stdin), protocol.NewWriter(os.Stdout)
	err := out.Write(protocol.Hello{Protocol: protocol.Version, Name: "exporter"})
	for err == nil {
		var m protocol.Message
		if m, err = in.Read(); err != nil {
			return 0 // the end of the work
		}
		job, ok := m.(protocol.Job)
		if !ok || job.Kind != protocol.JobExport {
			err = fmt.Errorf("got %s, want an export", m.Type())
			break
		}
		var config struct{ To string }
		if err = json.Unmarshal(job.Config, &config); err != nil {
			break
		}
		if err = os.MkdirAll(config.To, 0o777); err != nil {
			break
		}
		if err = os.WriteFile(filepath.Join(config.To, "job.json"), job.Config, 0o666); err == nil {
			err = out.Write(protocol.Result{Number: protocol.JobNumber, Output: json.RawMessage(`{"test": {}}`)})
		}
	}
	fmt.Fprintln(os.Stderr, "exporter:", err)
	return 1
}

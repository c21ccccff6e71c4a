package trainer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// exportJobOf returns the job that exports what a trial with these changes
// found.
func (p place) exportJobOf(value float64, to string, changes map[string]any) map[string]any {
	return map[string]any{
		"study": "tiny", "trial": 3, "params": map[string]any{"learning_rate": 1e-3},
		"settings": p.settings(changes), "seed": 11, "value": value, "metric": "val_loss", "threads": 1, "to": to,
	}
}

// value runs the trial and returns its value.
func (p place) value(s *session, changes map[string]any) float64 {
	s.t.Helper()
	s.send(p.trial(s.t, 3, "", changes))
	result, _ := until[protocol.Result](s)
	return float64(*result.Value)
}

func readReport(t *testing.T, dir string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report map[string]any
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// lookup follows a dotted path into decoded JSON.
func lookup(t *testing.T, v map[string]any, path string) any {
	t.Helper()
	var at any = v
	for part := range strings.SplitSeq(path, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			t.Errorf("no %s", path)
			return nil
		}
		if at, ok = m[part]; !ok {
			t.Errorf("no %s", path)
			return nil
		}
	}
	return at
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestExportOfAnotherValue retrains a trial whose stored value is not what
// retraining gives: the note says why, as far as that is known.
func TestExportOfAnotherValue(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	for foreign, want := range map[bool]string{false: "something of that differs", true: "which another program computed"} {
		job := p.exportJobOf(-1, filepath.Join(t.TempDir(), "model"), map[string]any{"freeze": "all-but-head"})
		job["foreign"] = foreign
		var report export.Report
		s.job(protocol.JobExport, job, &report)
		if report.Retrain.Reproduced || !strings.Contains(strings.Join(report.Notes, " "), want) {
			t.Errorf("foreign %v: notes %q, want %q", foreign, report.Notes, want)
		}
	}
}

func TestExport(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	changes := map[string]any{"freeze": "embeddings"}
	value := p.value(s, changes)
	to := filepath.Join(t.TempDir(), "models", "tiny")
	job := p.exportJobOf(value, to, changes)
	job["prune"], job["quantize"] = "magnitude:0.5", "int8"
	if _, err := tensor.QuantizedEngine(); err != nil {
		delete(job, "quantize")
	}
	var report export.Report
	s.job(protocol.JobExport, job, &report)

	if !report.Retrain.Reproduced || report.Retrain.Value != value || report.Retrain.StoredValue != value {
		t.Errorf("retrain %+v, want value %v reproduced", report.Retrain, value)
	}
	written := readReport(t, to)
	for _, path := range []string{
		"study", "trial", "params.learning_rate", "retrain.val_loss", "retrain.seconds", "retrain.seed", "retrain.reproduced",
		"test.before_meta_training.loss", "test.before_meta_training.accuracy", "test.before_meta_training.n", "test.before_meta_training.ci95",
		"test.fp32.loss", "test.compressed.loss", "test.compressed.ci95", "size_bytes.fp32", "size_bytes.compressed",
		"parameters.total", "parameters.nonzero", "parameters.removed",
		"latency_ms.fp32.p50", "latency_ms.fp32.p95", "latency_ms.fp32.batch", "latency_ms.fp32.length", "latency_ms.fp32.threads", "latency_ms.fp32.engine",
		"latency_ms.compressed.p50", "latency_ms.compressed.engine", "compression.label_agreement", "compression.max_logit_difference",
	} {
		lookup(t, written, path)
	}
	// Encoder of 2 layers with 4 matrices 16x16 and 2 of 16x24; identity
	// projection has zeros, which are no pruning's.
	matrices := int64(tinymodel.Layers * (4*16*16 + 2*16*24))
	if report.Parameters.Removed != matrices/2 || report.Parameters.Nonzero != report.Parameters.Total-matrices/2 {
		t.Errorf("parameters %+v, want half of %d removed and the others nonzero", report.Parameters, matrices)
	}
	if report.Test.FP32.N != 6 || report.Compression.RecoverySteps < 1 || report.Compression.Sparsity != 0.5 {
		t.Errorf("test %+v, compression %+v", report.Test, report.Compression)
	}
	if c := report.Compression; c.LabelAgreement < 0 || c.LabelAgreement > 1 || c.Compared != 6*3*4 || c.MaxLogitDistance <= 0 {
		t.Errorf("compression %+v", c)
	}
	for _, name := range []string{
		"config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json", "hpsearch.json", "head.safetensors", "modules.json",
		"sentence_bert_config.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors", "report.json", "report.md",
		"compressed/config.json", "compressed/model.safetensors", "compressed/vocab.txt", "compressed/hpsearch.json", "compressed/head.safetensors",
	} {
		if !slices.Contains(files(t, to), name) {
			t.Errorf("no %s in %v", name, files(t, to))
		}
	}
	markdown, err := os.ReadFile(filepath.Join(to, "report.md"))
	if err != nil || !strings.Contains(string(markdown), "the same to the last bit") || !strings.Contains(string(markdown), "not faster") {
		t.Errorf("report.md: %v\n%s", err, markdown)
	}
	if entries, _ := os.ReadDir(filepath.Dir(to)); len(entries) != 1 {
		t.Errorf("%v beside the export", entries)
	}
	checkReload(t, to)
}

// TestExportBF16: a trial of bf16 is reproduced, and its model is measured in
// fp32, as it is read.
func TestExportBF16(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	for _, algorithm := range []string{"protonet", "fomaml"} {
		changes := map[string]any{"precision": "bf16", "algorithm": algorithm}
		value := p.value(s, changes)
		to := filepath.Join(t.TempDir(), "model")
		var report export.Report
		s.job(protocol.JobExport, p.exportJobOf(value, to, changes), &report)
		if !report.Retrain.Reproduced {
			t.Errorf("%s: retrain %+v, want value %v reproduced", algorithm, report.Retrain, value)
		}
		if fp32 := p.value(s, map[string]any{"algorithm": algorithm}); fp32 == value {
			t.Errorf("%s: fp32 gave the same value, %v", algorithm, fp32)
		}
	}
}

// TestExportLoRA: the matrices that LoRA trained are merged. What was written
// scores as the last validation did, and what was pruned and quantized is made
// from it.
func TestExportLoRA(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	changes := map[string]any{"freeze": "lora-4", "learning_rate": 1e-2}
	value := p.value(s, changes)
	to := filepath.Join(t.TempDir(), "lora")
	job := p.exportJobOf(value, to, changes)
	job["prune"], job["quantize"] = "magnitude:0.3", "int8"
	if _, err := tensor.QuantizedEngine(); err != nil {
		delete(job, "quantize")
	}
	var report export.Report
	s.job(protocol.JobExport, job, &report)
	if !report.Retrain.Reproduced {
		t.Errorf("retrain %+v, want value %v reproduced", report.Retrain, value)
	}
	if report.Test.Before == report.Test.FP32 {
		t.Error("training changed no score")
	}
	if c := report.Compression; c.Sparsity < 0.29 || c.LabelAgreement < 0.5 {
		t.Errorf("compression %+v", c)
	}
	checkReload(t, to)
	err := tensor.Do(func(s *tensor.Scope) error {
		b, err := export.Load(s, to, tensor.CPU)
		if err != nil {
			return err
		}
		for _, p := range b.Learner.Network.Params() {
			if model.IsLoRA(p) {
				t.Errorf("%s was exported", p.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkReload: the folder and the weights in it give the same vectors each
// time they are loaded.
func checkReload(t *testing.T, dir string) {
	t.Helper()
	embed := func() []float64 {
		var v []float64
		err := tensor.Do(func(s *tensor.Scope) error {
			b, err := export.Load(s, dir, tensor.CPU)
			if err != nil {
				return err
			}
			corpus := meta.NewCorpus(b.Tokenizer, []string{"toaa noab noac", "toba nobb"}, 16)
			x, err := b.Learner.EmbedAll(s, corpus, meta.All(2))
			if err != nil {
				return err
			}
			v, err = x.Float64s()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first, second := embed(), embed()
	if len(first) != 2*tinymodel.Hidden || !slices.Equal(first, second) {
		t.Errorf("vectors %v, again %v", first, second)
	}
	for _, v := range first {
		if math.IsNaN(v) {
			t.Fatal("vectors are NaN")
		}
	}
}

// TestExportWithoutReproduction: another stored value is said to differ.
func TestExportWithoutReproduction(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	to := filepath.Join(t.TempDir(), "out")
	var report export.Report
	s.job(protocol.JobExport, p.exportJobOf(0.123, to, map[string]any{"algorithm": "joint"}), &report)
	if report.Retrain.Reproduced || len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "0.123") {
		t.Errorf("retrain %+v, notes %q", report.Retrain, report.Notes)
	}
	if report.Compression != nil || report.SizeBytes.Compressed != nil || report.LatencyMS.Compressed != nil || report.Test.Compressed != nil {
		t.Errorf("figures of a compressed model that was not asked for: %+v", report)
	}
	if names := files(t, to); slices.Contains(names, "head.safetensors") || slices.Contains(names, "2_Dense/config.json") {
		t.Errorf("joint has no projection, yet: %v", names)
	}
}

// TestExportLeavesNothing: whatever ends an export, its target and the
// folders above are as they were.
func TestExportLeavesNothing(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	long := map[string]any{"iterations": 1000000, "eval_every": 1000}
	root := t.TempDir()
	full := filepath.Join(root, "full")
	if err := os.MkdirAll(full, 0o755); err != nil {
		t.Fatal(err)
	}
	precious := filepath.Join(full, "precious")
	if err := os.WriteFile(precious, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ to, want string }{
		{full, "is not empty"},
		{precious, "a file has that name"},
		{filepath.Join(precious, "below"), precious},
		{"/proc/hpsearch-test/model", "/proc/hpsearch-test"}, // nobody can write there, not even root
	} {
		// A million iterations: the target is refused before they begin.
		failed := s.refused(protocol.JobExport, p.exportJobOf(1, c.to, long))
		if !strings.Contains(failed.Message, c.want) || strings.Contains(failed.Message, "\n") {
			t.Errorf("%s: %+v", c.to, failed)
		}
	}

	// Stopped in the retraining.
	s.send(protocol.Job{Kind: protocol.JobExport, Config: object(t, p.exportJobOf(1, filepath.Join(root, "a", "b"), long))})
	for {
		if m, ok := s.next().(protocol.Progress); ok && m.Phase == "retrain" {
			break
		}
	}
	s.send(protocol.Stop{Reason: protocol.StopCancelled})
	if failed, _ := until[protocol.Failed](s); failed.Reason != protocol.Stopped {
		t.Errorf("got %+v, want stopped", failed)
	}

	// A failure after the retraining, when the pooler is to be read from the
	// model's folder: the file is gone by then.
	gone := newPlace(t)
	s.send(protocol.Job{Kind: protocol.JobExport, Config: object(t, gone.exportJobOf(1, filepath.Join(root, "c", "d"), nil))})
	for {
		if m, ok := s.next().(protocol.Progress); ok && m.Phase == "retrain" {
			break
		}
	}
	if err := os.Remove(filepath.Join(gone.model, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	if failed, _ := until[protocol.Failed](s); !strings.Contains(failed.Message, gone.model) {
		t.Errorf("got %+v, want an error that names %s", failed, gone.model)
	}

	if got := files(t, root); !slices.Equal(got, []string{"full/precious"}) {
		t.Errorf("files %v", got)
	}
	if entries, _ := os.ReadDir(root); len(entries) != 1 {
		t.Errorf("folders %v are left", entries)
	}
}

// TestAdaptAndPredict fits exported models, fp32 and compressed, to a new
// task and labels text with the result.
func TestAdaptAndPredict(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	for _, algorithm := range []string{"protonet", "joint"} {
		dir := t.TempDir()
		model := filepath.Join(dir, "model")
		job := p.exportJobOf(1, model, map[string]any{"algorithm": algorithm, "iterations": 120, "eval_every": 60, "learning_rate": 3e-3, "batch_size": 24})
		folders := []string{model}
		if _, err := tensor.QuantizedEngine(); err == nil {
			job["quantize"] = "int8"
			folders = append(folders, filepath.Join(model, export.CompressedFolder))
		}
		s.job(protocol.JobExport, job, new(export.Report))

		rows := tinymodel.Rows(3, 40, 0)
		var train, rest []tinymodel.Row
		for i, row := range rows {
			if i%2 == 0 {
				train = append(train, row)
			} else {
				rest = append(rest, row)
			}
		}
		for i, folder := range folders {
			task := tinymodel.JSONL(t, train)
			if i == 1 {
				task = csvFile(t, train)
			}
			adapted := filepath.Join(dir, "adapted", filepath.Base(folder))
			var learned export.Adapted
			s.job(protocol.JobAdapt, map[string]any{"model": folder, "task": task, "to": adapted, "seed": 1}, &learned)
			if learned.Examples != 60 || !slices.Equal(learned.Labels, []string{"class-00", "class-01", "class-02"}) || learned.Folds != 5 {
				t.Errorf("%s: %+v", folder, learned)
			}
			if learned.Accuracy == nil {
				t.Fatalf("%s: no cross-validation", folder)
			}
			if *learned.Accuracy < 0.55 {
				t.Errorf("%s: cross-validated accuracy %.3f", folder, *learned.Accuracy)
			}
			if got := rightLabels(s, adapted, rest); got < 36 { // 20 by chance
				t.Errorf("%s: %d of %d texts labelled rightly", folder, got, len(rest))
			}
		}
	}
}

func csvFile(t *testing.T, rows []tinymodel.Row) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("label,text\n")
	for _, row := range rows {
		b.WriteString(row.Label + ",\"" + row.Text + "\"\n")
	}
	path := filepath.Join(t.TempDir(), "task.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// rightLabels predicts in two batches and counts.
func rightLabels(s *session, model string, rows []tinymodel.Row) int {
	s.t.Helper()
	right := 0
	for _, batch := range [][]tinymodel.Row{rows[:7], rows[7:]} {
		var texts []string
		for _, row := range batch {
			texts = append(texts, row.Text)
		}
		var output predictions
		s.job(protocol.JobPredict, map[string]any{"model": model, "texts": texts}, &output)
		if len(output.Predictions) != len(texts) {
			s.t.Fatalf("%d predictions of %d texts", len(output.Predictions), len(texts))
		}
		for i, p := range output.Predictions {
			if !(p.Probability > 1.0/3-1e-6 && p.Probability <= 1) {
				s.t.Errorf("probability %g of the likeliest of three", p.Probability)
			}
			if p.Label == batch[i].Label {
				right++
			}
		}
	}
	return right
}

// adaptedModel writes a model that knows labels.
func adaptedModel(t *testing.T, s *session, p place) (exported, adapted string) {
	t.Helper()
	dir := t.TempDir()
	exported, adapted = filepath.Join(dir, "exported"), filepath.Join(dir, "adapted")
	s.job(protocol.JobExport, p.exportJobOf(1, exported, nil), new(export.Report))
	s.job(protocol.JobAdapt, map[string]any{"model": exported, "task": tinymodel.JSONL(t, tinymodel.Rows(2, 1, 0)), "to": adapted}, new(export.Adapted))
	return exported, adapted
}

// TestPredictorIsKept: batches share the loaded model, other work frees it.
func TestPredictorIsKept(t *testing.T) {
	p := newPlace(t)
	_, adapted := adaptedModel(t, open(t), p)
	runtime.LockOSThread() // as Serve does
	defer runtime.UnlockOSThread()
	before := tensor.Live()
	s := &server{workshop: NewWorkshop()}
	predict := func(dir string, texts ...string) error {
		_, err := s.predict(object(t, map[string]any{"model": dir, "texts": texts}))
		return err
	}
	if err := predict(adapted, "toaa"); err != nil {
		t.Fatal(err)
	}
	kept, live := s.predictor, tensor.Live()
	if err := predict(adapted, "toaa", "noaa"); err != nil || s.predictor != kept || tensor.Live() != live {
		t.Errorf("second batch: %v, the same model %v, %d more tensors", err, s.predictor == kept, tensor.Live()-live)
	}
	if err := predict(adapted); err != nil {
		t.Errorf("no texts: %v", err)
	}
	if err := predict("/nowhere", "toaa"); err == nil || s.predictor != nil || tensor.Live() != before {
		t.Errorf("after an error: %v, %d tensors more than before", err, tensor.Live()-before)
	}
	if err := predict(adapted, "toaa"); err != nil {
		t.Errorf("after an error: %v", err)
	}
	s.answer(request{message: protocol.Job{Kind: protocol.JobAdapt, Config: []byte(`{"task":"/nowhere"}`)}})
	if got := tensor.Live(); s.predictor != nil || got != before {
		t.Errorf("%d tensors more than before after another job", got-before)
	}
}

// TestBadInput breaks one thing at a time and expects one line that names the
// file at fault; nothing may appear at the target.
func TestBadInput(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	exported, adapted := adaptedModel(t, s, p)
	good := tinymodel.Rows(2, 4, 0)
	write := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken := func(from string, breakIt func(dir string) error) string {
		dir := t.TempDir()
		if err := errors.Join(os.CopyFS(dir, os.DirFS(from)), breakIt(dir)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	cut := func(name string) func(string) error {
		return func(dir string) error { return os.Truncate(filepath.Join(dir, name), 700) }
	}
	remove := func(names ...string) func(string) error {
		return func(dir string) (err error) {
			for _, name := range names {
				err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
			}
			return err
		}
	}
	put := func(name, content string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644) }
	}
	vocabulary := strings.Join(tinymodel.Vocabulary(), "\n") + "\nmore\nstill-more\n"

	for name, c := range map[string]struct{ task, want string }{
		"empty":         {write("t.jsonl", ""), "t.jsonl holds no examples"},
		"one label":     {tinymodel.JSONL(t, good[:4]), `has only the label "class-00"`},
		"several tasks": {tinymodel.JSONL(t, tinymodel.Rows(4, 2, 2)), "has 2 tasks"},
		"garbage":       {write("t.jsonl", "{\"text\":\"x\",\"label\":\"y\"}\nnonsense\n"), "t.jsonl:2"},
		"missing":       {"/nowhere.jsonl", "/nowhere.jsonl"},
		"no label":      {write("t.csv", "text,class\nx,y\n"), "t.csv:1: no column \"label\": the columns are text, class; rename the one that holds the label"},
		"parquet":       {write("t.parquet", "PAR1"), "t.parquet: adapt reads JSONL and CSV files"},
	} {
		t.Run("task/"+name, func(t *testing.T) {
			s.t = t
			to := filepath.Join(t.TempDir(), "to")
			failed := s.refused(protocol.JobAdapt, map[string]any{"model": exported, "task": c.task, "to": to})
			checkRefusal(t, failed, c.want, to)
		})
	}
	for name, c := range map[string]struct{ model, want string }{
		"no folder":           {"/nowhere", "/nowhere"},
		"plain folder":        {p.model, "has no hpsearch.json: name a folder that `hpsearch export`"},
		"weights cut short":   {broken(adapted, cut("model.safetensors")), "have it write the folder anew"},
		"no weights":          {broken(adapted, remove("model.safetensors")), "has neither model.safetensors nor"},
		"head cut short":      {broken(adapted, cut("head.safetensors")), "have it write the folder anew"},
		"no head":             {broken(adapted, remove("head.safetensors")), "head.safetensors: no such file"},
		"config damaged":      {broken(adapted, put("config.json", "{")), "config.json: unexpected end of JSON input; hpsearch export or adapt wrote the folder"},
		"no tokenizer":        {broken(adapted, remove("vocab.txt")), "has neither tokenizer.json nor vocab.txt"},
		"tokenizer too large": {broken(adapted, put("vocab.txt", vocabulary)), "the files are of different models"},
		"manifest damaged":    {broken(adapted, put("hpsearch.json", "{}")), "hpsearch.json: format 0 is not known"},
		"manifest, pooling":   {broken(adapted, put("hpsearch.json", `{"format":1,"pooling":"max","max_length":16}`)), "hpsearch.json: pooling"},
	} {
		t.Run("model/"+name, func(t *testing.T) {
			s.t = t
			to := filepath.Join(t.TempDir(), "to")
			failed := s.refused(protocol.JobAdapt, map[string]any{"model": c.model, "task": tinymodel.JSONL(t, good), "to": to})
			if !strings.Contains(name, "head") { // which adapt of a model without a head does not need
				checkRefusal(t, failed, c.want, to)
			}
			failed = s.refused(protocol.JobPredict, map[string]any{"model": c.model, "texts": []string{"toaa"}})
			checkRefusal(t, failed, c.want, "")
			if !strings.Contains(failed.Message, c.model) {
				t.Errorf("%q does not name %s", failed.Message, c.model)
			}
		})
	}
	s.t = t
	failed := s.refused(protocol.JobPredict, map[string]any{"model": exported, "texts": []string{"toaa"}})
	checkRefusal(t, failed, "knows no labels yet", "")
	failed = s.refused(protocol.JobAdapt, map[string]any{"model": exported, "task": tinymodel.JSONL(t, good), "to": adapted})
	if !strings.Contains(failed.Message, "is not empty") {
		t.Errorf("adapt to a full folder: %+v", failed)
	}
}

// checkRefusal wants one line, and nothing beside the target to if there is
// one.
func checkRefusal(t *testing.T, failed protocol.Failed, want, to string) {
	t.Helper()
	if !strings.Contains(failed.Message, want) || strings.Contains(failed.Message, "\n") {
		t.Errorf("got %q, want one line with %q", failed.Message, want)
	}
	if to == "" {
		return
	}
	if entries, err := os.ReadDir(filepath.Dir(to)); err != nil || len(entries) > 0 {
		t.Errorf("%v is left behind (%v)", entries, err)
	}
}

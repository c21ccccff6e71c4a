package trainer

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// images are settings of a Conv4 on drawn characters, with changes.
func images(path string, changes map[string]any) map[string]any {
	values := map[string]any{
		"model": map[string]any{"kind": "conv4", "filters": 8},
		"tasks": map[string]any{"kind": "images", "path": path, "image_size": 28, "invert": true, "rotations": true},
		"ways":  5, "shots": 2, "query_shots": 3, "weight_decay": 0, "dropout": 0,
		"iterations": 60, "eval_every": 30, "eval_episodes": 10, "test_episodes": 10, "learning_rate": 3e-3,
		"inner_lr": 0.1, "adaptation_steps": 2,
	}
	maps.Copy(values, changes)
	return values
}

// newTask writes a task of two characters that no trial has seen, six examples
// each, and returns its folder and the files of the first character's.
func newTask(t *testing.T) (folder string, first []string) {
	t.Helper()
	folder = tinymodel.Strokes(t, 2, 6, 40)
	for _, name := range files(t, folder) {
		if strings.HasPrefix(name, "c000") {
			first = append(first, filepath.Join(folder, name))
		}
	}
	return folder, first
}

// TestImages does the whole way with images: a trial, its export, a new task
// learned from a folder, labels for image files.
func TestImages(t *testing.T) {
	characters := tinymodel.Strokes(t, 30, 6, 35)
	task, first := newTask(t)
	for _, algorithm := range []string{"protonet", "fomaml"} {
		t.Run(algorithm, func(t *testing.T) {
			var p place
			s := open(t)
			changes := images(characters, map[string]any{"algorithm": algorithm})
			value := p.value(s, changes)
			model, adapted := filepath.Join(t.TempDir(), "model"), filepath.Join(t.TempDir(), "adapted")
			var report export.Report
			s.job(protocol.JobExport, p.exportJobOf(value, model, changes), &report)
			if !report.Retrain.Reproduced {
				t.Errorf("retraining gave %v, the trial %v", report.Retrain.Value, value)
			}
			if report.LatencyMS.FP32.Input != "an image of 28 x 28 pixels" || report.LatencyMS.FP32.P50 <= 0 || report.SizeBytes.FP32 <= 0 || report.Parameters.Total < 8*9 {
				t.Errorf("report %+v", report)
			}
			if kind, err := hf.ModelType(model); err != nil || kind != hf.Conv4ModelType {
				t.Errorf("model_type %q, %v", kind, err)
			}
			var result export.Adapted
			s.job(protocol.JobAdapt, map[string]any{"model": model, "task": task, "to": adapted, "seed": 1}, &result)
			if !slices.Equal(result.Labels, []string{"c000", "c001"}) || result.Examples != 12 || result.Accuracy == nil || *result.Accuracy < 0.6 {
				t.Errorf("adapted %+v", result)
			}
			var output predictions
			s.job(protocol.JobPredict, map[string]any{"model": adapted, "texts": first}, &output)
			right := 0
			for _, prediction := range output.Predictions {
				if prediction.Label == "c000" && prediction.Probability > 0.5 {
					right++
				}
			}
			if len(output.Predictions) != 6 || right < 4 {
				t.Errorf("%d of 6 are labelled rightly: %+v", right, output.Predictions)
			}
			if failed := s.refused(protocol.JobPredict, map[string]any{"model": adapted, "texts": []string{filepath.Join(task, "none.png")}}); !strings.Contains(failed.Message, "none.png") {
				t.Errorf("a file that is not there: %+v", failed)
			}
			if failed := s.refused(protocol.JobPredict, map[string]any{"model": model, "texts": first}); !strings.Contains(failed.Message, "--task FOLDER") {
				t.Errorf("a model that was not adapted: %+v", failed)
			}
		})
	}
}

// TestAdaptImages_sizes: adapt has no setting that scales images, and says what
// its user can do about those of other sizes.
func TestAdaptImages_sizes(t *testing.T) {
	var p place
	s := open(t)
	changes := images(tinymodel.Strokes(t, 12, 6, 28), map[string]any{"algorithm": "protonet", "ways": 2, "iterations": 2, "eval_every": 1, "test_episodes": 2})
	delete(changes["tasks"].(map[string]any), "image_size")
	model := filepath.Join(t.TempDir(), "model")
	s.job(protocol.JobExport, p.exportJobOf(p.value(s, changes), model, changes), new(export.Report))
	mixed := tinymodel.Strokes(t, 2, 6, 28)
	tinymodel.WriteStrokes(t, mixed, 1, 6, 40)
	for name, task := range map[string]string{"mixed": mixed, "of another size": tinymodel.Strokes(t, 2, 6, 40)} {
		to := filepath.Join(t.TempDir(), "to")
		failed := s.refused(protocol.JobAdapt, map[string]any{"model": model, "task": task, "to": to})
		checkRefusal(t, failed, ".png is 40 x 40 pixels, the model takes 28 x 28: scale it to that size", to)
		if strings.Contains(failed.Message, "image_size") {
			t.Errorf("%s: adapt has no such setting: %s", name, failed.Message)
		}
	}
}

// TestImagesAreNotCompressed: what cannot be done is said before training.
func TestImagesAreNotCompressed(t *testing.T) {
	var p place
	s := open(t)
	changes := images(tinymodel.Strokes(t, 30, 6, 28), nil)
	for key, value := range map[string]string{"prune": "magnitude:0.5", "quantize": "int8"} {
		to := filepath.Join(t.TempDir(), "model")
		job := p.exportJobOf(1, to, changes)
		job[key] = value
		if failed := s.refused(protocol.JobExport, job); !strings.Contains(failed.Message, "only models of texts are pruned or quantized, and the conv4 is none") {
			t.Errorf("%s: %+v", key, failed)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: %s was written", key, to)
		}
	}
}

// TestExportOfNumbers exports a perceptron that predicts numbers; it cannot be
// adapted to a classification.
func TestExportOfNumbers(t *testing.T) {
	var p place
	s := open(t)
	changes := map[string]any{
		"model": map[string]any{"kind": "mlp", "hidden": []int{16, 16}}, "tasks": map[string]any{"kind": "sinusoid"},
		"algorithm": "maml", "shots": 5, "query_shots": 5, "inner_lr": 0.01, "adaptation_steps": 1, "meta_batch_size": 5,
		"weight_decay": 0, "dropout": 0,
	}
	settings := p.settings(changes)
	delete(settings, "ways")
	job := p.exportJobOf(0, filepath.Join(t.TempDir(), "model"), nil)
	job["settings"] = settings
	var report export.Report
	s.job(protocol.JobExport, job, &report)
	if report.Test.FP32.Loss <= 0 || report.Test.FP32.N != 6 || report.Parameters.Total != 16+16+16*16+16+16+1 {
		t.Errorf("report %+v", report)
	}
	to := job["to"].(string)
	if kind, err := hf.ModelType(to); err != nil || kind != hf.MLPModelType {
		t.Errorf("model_type %q, %v", kind, err)
	}
	task, _ := newTask(t)
	failed := s.refused(protocol.JobAdapt, map[string]any{"model": to, "task": task, "to": filepath.Join(t.TempDir(), "adapted")})
	checkRefusal(t, failed, "was trained on sine curves, which no file holds", "")
	failed = s.refused(protocol.JobPredict, map[string]any{"model": to, "texts": []string{"1"}})
	checkRefusal(t, failed, "was trained on sine curves, which no file holds", "")
}

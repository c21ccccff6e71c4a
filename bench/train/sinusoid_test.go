package main

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/studies"
)

// TestSinusoidStudy: the ready-made study begins with the recipe that is
// measured.
func TestSinusoidStudy(t *testing.T) {
	t.Parallel()
	data, err := fs.ReadFile(studies.FS, "sinusoid-maml.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := studyfile.Parse(data, "sinusoid-maml.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Enqueue) == 0 {
		t.Fatal("the study enqueues nothing")
	}
	first := file.Enqueue[0]
	for _, name := range []string{
		"algorithm", "shots", "query_shots", "inner_lr", "adaptation_steps", "multi_step_loss", "meta_batch_size",
		"learning_rate", "weight_decay", "warmup_ratio", "gradient_clip", "dropout",
	} {
		has, ok := first[name]
		if !ok {
			has = file.Train[name]
		}
		if want := sinusoidSettings[name]; fmt.Sprint(has) != fmt.Sprint(want) {
			t.Errorf("%s is %v in the study, %v in the benchmark", name, has, want)
		}
	}
	if has, want := fmt.Sprint(file.Train["model"]), fmt.Sprint(sinusoidSettings["model"]); has != want {
		t.Errorf("model is %s in the study, %s in the benchmark", has, want)
	}
}

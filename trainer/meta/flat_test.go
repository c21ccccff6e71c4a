package meta

import (
	"testing"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// TestMemoryIsFlat: as many tensors, and no more bytes of them, after fifty
// steps more. Losses are read, and freed, every lossWindow steps.
func TestMemoryIsFlat(t *testing.T) {
	b := newBench(t)
	for _, changes := range []map[string]any{
		{"algorithm": "protonet", "freeze": "lora-2"},
		{"algorithm": "protonet", "freeze": "bottom-1", "prefix_cache": "disk"},
	} {
		changes["iterations"], changes["eval_every"], changes["eval_episodes"] = 150, 50, 2
		live, peak := map[int]int64{}, map[int]int64{}
		_, err := b.train(t, changes, 1, "", nil, func(step int) {
			if step%50 == 49 { // before a validation
				live[step] = tensor.Live()
				peak[step], _ = tensor.PeakMemory(tensor.CPU)
				tensor.ResetPeakMemory(tensor.CPU)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if live[99] != live[149] || live[99] == 0 {
			t.Errorf("%v: %d tensors after 99 steps, %d after 149", changes, live[99], live[149])
		}
		if float64(peak[149]) > 1.2*float64(peak[99]) {
			t.Errorf("%v: %d bytes of tensors up to step 99, %d up to 149", changes, peak[99], peak[149])
		}
	}
}

// TestMemoryOverTenThousandSteps is the long form, on networks as small as they
// can be: a leak of one tensor or of a few bytes a step would show.
func TestMemoryOverTenThousandSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 steps")
	}
	const steps, quarter = 10_000, 2_500
	texts, curves := newBench(t), newCurves()
	smallBERT := map[string]any{"kind": "bert", "layers": 1, "hidden": 4, "heads": 1, "tokenizer": texts.base["model"]}
	for _, c := range []struct {
		bench   *bench
		changes map[string]any
	}{
		{curves, map[string]any{"algorithm": "maml", "model": map[string]any{"kind": "mlp", "hidden": []any{4}}, "shots": 2, "query_shots": 2, "meta_batch_size": 2, "adaptation_steps": 1}},
		{texts, map[string]any{"algorithm": "protonet", "model": smallBERT, "ways": 2, "eval_ways": 2, "shots": 1, "query_shots": 1, "max_length": 4, "dropout": 0}},
		{texts, map[string]any{"algorithm": "joint", "model": smallBERT, "batch_size": 2, "max_length": 4, "dropout": 0}},
	} {
		c.changes["iterations"], c.changes["eval_every"], c.changes["eval_episodes"] = steps, quarter, 1
		var live [4]int64
		var resident [4]float64
		_, err := c.bench.train(t, c.changes, 1, "", nil, func(step int) {
			if step%quarter == quarter-1 { // before a validation
				live[step/quarter], resident[step/quarter] = tensor.Live(), residentMB(t)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		// The first validation keeps a copy of the best weights.
		if live[1] == 0 || live[1] != live[2] || live[1] != live[3] {
			t.Errorf("%v: live tensors %v", c.changes["algorithm"], live)
		}
		// A leak of 1 KB a step is 7.5 MB.
		if grown := resident[3] - resident[0]; grown > 6 {
			t.Errorf("%v: %d steps took %.1f MB", c.changes["algorithm"], 3*quarter, grown)
		}
	}
}

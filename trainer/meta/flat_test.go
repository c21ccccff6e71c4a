package meta

import (
	"testing"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// TestMemoryIsFlat: as many tensors, and no more bytes of them, after a hundred
// steps more. Losses are read, and freed, every lossWindow steps.
func TestMemoryIsFlat(t *testing.T) {
	b := newBench(t)
	for _, changes := range []map[string]any{
		{"algorithm": "protonet"},
		{"algorithm": "joint"},
		{"algorithm": "protonet", "freeze": "lora-2"},
		{"algorithm": "protonet", "freeze": "bottom-1", "prefix_cache": "disk"},
	} {
		changes["iterations"], changes["eval_every"], changes["eval_episodes"] = 300, 100, 2
		live, peak := map[int]int64{}, map[int]int64{}
		_, err := b.train(t, changes, 1, "", nil, func(step int) {
			if step%100 == 99 { // before a validation
				live[step] = tensor.Live()
				peak[step], _ = tensor.PeakMemory(tensor.CPU)
				tensor.ResetPeakMemory(tensor.CPU)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if live[199] != live[299] || live[199] == 0 {
			t.Errorf("%v: %d tensors after 199 steps, %d after 299", changes, live[199], live[299])
		}
		if float64(peak[299]) > 1.2*float64(peak[199]) {
			t.Errorf("%v: %d bytes of tensors up to step 199, %d up to 299", changes, peak[199], peak[299])
		}
	}
}

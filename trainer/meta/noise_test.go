package meta

import (
	"slices"
	"testing"
)

// TestTokenNoise: training differs, repeats with the seed, survives a stop,
// and leaves validation alone.
func TestTokenNoise(t *testing.T) {
	b := newBench(t)
	plain, err := b.train(t, map[string]any{"algorithm": "protonet"}, 1, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, changes := range []map[string]any{{"token_dropout": 0.4}, {"token_mask": 0.4}} {
		changes["algorithm"] = "protonet"
		first, err := b.train(t, changes, 1, "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.train(t, changes, 1, "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if first.outcome.Value != again.outcome.Value {
			t.Errorf("%v: %g, and %g the second time", changes, first.outcome.Value, again.outcome.Value)
		}
		if first.outcome.Value == plain.outcome.Value {
			t.Errorf("%v changes nothing", changes)
		}
	}
}

func TestTokenNoise_change(t *testing.T) {
	b := newBench(t)
	config := b.config(t, map[string]any{"token_dropout": 0.5, "token_mask": 0.2})
	corpus := NewCorpus(b.tokenizer, b.family.Texts, config.MaxLength)
	d, err := NewData(b.family, corpus, config, 1)
	if err != nil {
		t.Fatal(err)
	}
	special := b.tokenizer.Special()
	before := slices.Clone(corpus.Tokens([]int{0})[0])
	var tokens, left, masked int
	for step := range int64(400) {
		d.beginStep(step)
		ids := corpus.Tokens([]int{0})[0]
		out := d.noise.change(ids)
		d.endStep()
		if out[0] != special.CLS || out[len(out)-1] != special.SEP || len(out) < 3 {
			t.Fatalf("%v became %v", ids, out)
		}
		tokens, left = tokens+len(ids)-2, left+len(out)-2
		for _, id := range out {
			if id == special.Mask {
				masked++
			}
		}
	}
	if share := float64(left) / float64(tokens); share < 0.45 || share > 0.56 {
		t.Errorf("%.3f of the tokens are left, want about half", share)
	}
	if share := float64(masked) / float64(left); share < 0.15 || share > 0.25 {
		t.Errorf("%.3f of those are masked, want a fifth", share)
	}
	if !slices.Equal(before, corpus.Tokens([]int{0})[0]) {
		t.Error("the shared corpus was changed")
	}
}

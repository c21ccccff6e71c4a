package extrapolate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// A silent sampler suggests nothing.
type silent struct{}

func (silent) Suggest(context.Context, *search.History, int, search.Space, map[string]any) (map[string]float64, error) {
	return nil, nil
}

// BenchmarkSuggest is what the predictions cost before the wrapped sampler is
// asked: half a training's reports of 27, three of four trials pruned.
func BenchmarkSuggest(b *testing.B) {
	for _, n := range []int{100, 300, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := history(n)
			s := New(silent{})
			for b.Loop() {
				if _, err := s.Suggest(b.Context(), h, n, nil, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func history(n int) *search.History {
	random := rand.New(rand.NewPCG(1, 1))
	h := &search.History{}
	for i := range n {
		t := &search.Trial{Number: i, State: search.Complete, Params: map[string]float64{}, Distributions: map[string]search.Distribution{}}
		for j := range 6 {
			name := fmt.Sprint("x", j)
			t.Params[name], t.Distributions[name] = random.Float64(), search.Float{Low: 0, High: 1}
		}
		steps := 80
		if i%4 != 0 {
			t.State, steps = search.Pruned, 10<<random.IntN(3)
		}
		floor := random.Float64()
		for step := 1; step <= steps; step++ {
			t.Intermediate = append(t.Intermediate, search.Report{Step: step, Value: floor + random.Float64()/float64(step)})
		}
		t.Values = []float64{t.Intermediate[steps-1].Value}
		h.Trials = append(h.Trials, t)
	}
	return h
}

// BenchmarkRepeated is what a report costs where it is looked for repetitions.
func BenchmarkRepeated(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := history(n)
			t := *h.Trials[0]
			t.Number, t.Intermediate = n, append([]search.Report(nil), t.Intermediate[:40]...)
			t.Intermediate[39].Value /= 2 // a repetition up to there
			for b.Loop() {
				if Repeated(h, &t) != nil {
					b.Fatal("what differs in the last report is no repetition")
				}
			}
		})
	}
}

package model

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Sampling says how a text is continued.
type Sampling struct {
	Tokens      int     // at most
	Temperature float64 // 0: always the likeliest token
	Seed        int64   // of the draws
	Stop        int32   // token that ends a text
}

// Generate returns the tokens by which the model continues others, without
// the one that stops it. Of more tokens than the model has positions it sees
// the last ones.
func (g *GPT2) Generate(s *tensor.Scope, ids []int32, how Sampling) ([]int32, error) {
	if len(ids) == 0 {
		return nil, fmt.Errorf("generate: nothing to continue")
	}
	rng := rand.New(rand.NewPCG(uint64(how.Seed), 0))
	all := append([]int32(nil), ids...)
	for range how.Tokens {
		var next int32
		err := s.Run(func(s *tensor.Scope) error {
			seen := all[max(0, len(all)-int(g.Config.Positions)):]
			batch, err := NewBatch(s, g.device, how.Stop, [][]int32{seen})
			if err != nil {
				return err
			}
			s.NoGrad(func() {
				last := s.Narrow(g.Hidden(s, batch, Mode{}), 1, int64(len(seen)-1), 1)
				var logits []float64
				if logits, err = g.Logits(s, last).Float64s(); err == nil && s.Err() == nil {
					next = pick(logits, how.Temperature, rng)
				}
			})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		if next == how.Stop {
			break
		}
		all = append(all, next)
	}
	return all[len(ids):], nil
}

// pick draws from the softmax of logits / temperature, or takes the largest.
func pick(logits []float64, temperature float64, rng *rand.Rand) int32 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	if temperature <= 0 {
		return int32(best)
	}
	weights, sum := make([]float64, len(logits)), 0.0
	for i, v := range logits {
		weights[i] = math.Exp((v - logits[best]) / temperature)
		sum += weights[i]
	}
	u := rng.Float64() * sum
	for i, w := range weights {
		if u -= w; u < 0 {
			return int32(i)
		}
	}
	return int32(best) // rounding left a little
}

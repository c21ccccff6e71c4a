package meta

import (
	"testing"

	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// BenchmarkPrecision makes steps of a perceptron of a size at which products of
// matrices are what counts, on the CPU.
func BenchmarkPrecision(b *testing.B) {
	for _, precision := range []string{setting.FP32, setting.BF16} {
		b.Run(precision, func(b *testing.B) {
			config, err := setting.Parse(map[string]any{
				"model": map[string]any{"kind": "mlp", "hidden": []any{512, 512}}, "tasks": map[string]any{"kind": "sinusoid"},
				"algorithm": "joint", "shots": 50, "query_shots": 50, "meta_batch_size": 8, "iterations": 1000000, "precision": precision, "device": "cpu",
			})
			if err != nil {
				b.Fatal(err)
			}
			err = tensor.Do(func(s *tensor.Scope) error {
				inputs := NewPoints(task.NewSinusoid(config, 1))
				data, err := NewData(nil, inputs, config, 1)
				if err != nil {
					return err
				}
				l, err := LoadLearner(s, Blueprint{Config: config, Inputs: inputs, Seed: 1, Device: tensor.CPU})
				if err != nil {
					return err
				}
				a, err := NewAlgorithm(s, Setup{Config: config, Seed: 1, Learner: l, Data: data})
				if err != nil {
					return err
				}
				b.ResetTimer()
				for i := range b.N {
					if err := s.Run(func(s *tensor.Scope) error { _, err := a.Step(s, i); return err }); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}

package model

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// New returns a BERT encoder with new weights: matrices and embeddings are
// normal with deviation 0.02, biases 0 and LayerNorm the identity, as in the
// original code of Devlin et al. 2019 (which cuts the normal at two
// deviations; transformers does not, and neither does this). Each tensor is
// drawn by itself from the seed and its name.
func New(s *tensor.Scope, config *hf.Config, seed int64, device tensor.Device) (*Bert, error) {
	b := newBert(config, device, fresh{scope: s, seed: seed, device: device})
	return b, s.Err()
}

// NewPooler returns the pooler that transformers expects beside an encoder
// that [New] made.
func NewPooler(config *hf.Config, seed int64) []hf.Blob {
	return []hf.Blob{
		freshBlob(seed, "pooler.dense.weight", config.Hidden, config.Hidden),
		freshBlob(seed, "pooler.dense.bias", config.Hidden),
	}
}

// fresh is a source of new tensors.
type fresh struct {
	scope  *tensor.Scope
	seed   int64
	device tensor.Device
}

func (f fresh) tensor(name string, shape ...int64) *tensor.Tensor {
	host := toTensor(f.scope, freshBlob(f.seed, name, shape...))
	if f.device == tensor.CPU {
		return host
	}
	t := f.scope.To(host, f.device)
	f.scope.Free(host)
	return t
}

func (fresh) int8(string, int64, int64) *tensor.Int8Linear { return nil }

func freshBlob(seed int64, name string, shape ...int64) hf.Blob {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	values := make([]float32, n)
	switch {
	case strings.HasSuffix(name, ".bias"):
	case strings.Contains(name, "LayerNorm"), strings.Contains(name, "ln_"):
		for i := range values {
			values[i] = 1
		}
	default:
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(name)) // never fails
		rng := rand.New(rand.NewPCG(uint64(seed), hash.Sum64()))
		for i := range values {
			values[i] = float32(hf.InitializerRange * rng.NormFloat64())
		}
	}
	return hf.Float32Blob(name, values, shape)
}

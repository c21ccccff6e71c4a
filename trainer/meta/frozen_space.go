package meta

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/prefix"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// arithmetic is counted up whenever the trainer computes networks by other
// operators: what is cached on disk by the one before may differ in its last bits.
const arithmetic = 4

// spacesOf names the computations of the lowest blocks, by their number from 0 to
// below: by their weights, and by what the last bits of sums depend on, whether
// examples are computed together among it.
func spacesOf(network model.Stack, below int, together bool) ([]prefix.Space, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %v %d %T %v\n", arithmetic, tensor.Version(), network.Device().IsCUDA(), tensor.Threads(), network, together)
	if e, ok := network.(*model.Encoder); ok {
		fmt.Fprintf(h, "%d %g %s %s\n", e.Config.Heads, e.Config.Epsilon, e.Config.Activation, e.Pooling)
	}
	spaces := make([]prefix.Space, below+1)
	for n, block := range network.Blocks()[:below] {
		for _, p := range block {
			if err := hashParam(h, p); err != nil {
				return nil, fmt.Errorf("cache of frozen layers: %w", err)
			}
		}
		fmt.Fprintf(h, "%d\n", n+1)
		spaces[n+1] = prefix.Space(h.Sum(nil))
	}
	return spaces, nil
}

func hashParam(w io.Writer, p model.Param) error {
	blob, err := p.View()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s %v\n", p.Name, blob.Shape) // to a hash, which never fails
	_, err = w.Write(blob.Data)
	return err
}

package meta

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// matrixSizes are the numbers of rows that texts are computed together in.
// A matrix takes the time of its rows, filled or not; 512 keep a core busy.
var matrixSizes = []int{64, 128, 192, 256, 320, 384, 448, 512}

// A dimensions is all that the steady sizes of an encoder depend on.
type dimensions struct {
	hidden, intermediate, heads, positions int64
	activation                             string
	threads                                int
}

// steady has the sizes of encoders that were tried, by dimensions. To try takes
// about as long as a step of training.
var steady sync.Map

// steadySizes returns those of matrixSizes in which a network gives a token
// the same bits, whatever its row and whatever else is in the matrix. What a
// library of linear algebra does to a row depends on the size of the matrix and
// on the row's place in it, not on what the numbers are: so one text, repeated
// through matrices of all sizes, tells. No sizes where they cannot be had.
func steadySizes(s *tensor.Scope, network model.Stack) ([]int, error) {
	e, ok := network.(*model.Encoder)
	if !ok || network.Device().IsCUDA() || e.Config.MaxPositions < 8 {
		return nil, nil
	}
	c := e.Config
	of := dimensions{c.Hidden, c.Intermediate, c.Heads, c.MaxPositions, c.Activation, tensor.Threads()}
	if sizes, ok := steady.Load(of); ok {
		return sizes.([]int), nil
	}
	sizes, err := trySizes(s, e)
	if err == nil {
		steady.Store(of, sizes)
	}
	return sizes, err
}

func trySizes(s *tensor.Scope, e *model.Encoder) ([]int, error) {
	text := make([]int32, 8)
	for len(text) < 64 && int64(2*len(text)) <= e.Config.MaxPositions {
		text = make([]int32, 2*len(text))
	}
	for i := range text {
		text[i] = int32(int64(i*37) % e.Config.Vocabulary)
	}
	var sizes []int
	var want []float32
	for _, size := range slices.Backward(matrixSizes) {
		same, first, err := repeated(s, e, text, size)
		if err != nil {
			return nil, fmt.Errorf("try the sizes of matrices: %w", err)
		}
		if want == nil && same {
			want = first
		}
		if same && slices.Equal(first, want) {
			sizes = append(sizes, size)
		}
	}
	slices.Reverse(sizes)
	return sizes, nil
}

// repeated computes copies of a text that fill a matrix, in the embeddings and
// one layer: the others are of the same sizes. It returns whether all are the
// same, and the first.
func repeated(s *tensor.Scope, network model.Stack, text []int32, size int) (same bool, first []float32, err error) {
	const blocks = 2
	copies := make([][]int32, size/len(text))
	for i := range copies {
		copies[i] = text
	}
	var all []float32
	err = s.Run(func(inner *tensor.Scope) error {
		batch, err := model.NewBatch(inner, network.Device(), 0, copies)
		if err != nil {
			return err
		}
		batch.Rows = size
		inner.NoGrad(func() { batch.Values = network.Lower(inner, batch, 0, blocks) })
		if inner.Err() != nil {
			return inner.Err()
		}
		all, err = batch.Values.Float32s()
		return err
	})
	if err != nil {
		return false, nil, err
	}
	n := len(all) / len(copies)
	for i := 1; i < len(copies); i++ {
		if !slices.Equal(all[i*n:(i+1)*n], all[:n]) {
			return false, nil, nil
		}
	}
	return true, all[:n], nil
}

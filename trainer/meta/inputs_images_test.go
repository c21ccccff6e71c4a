package meta

import (
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

func TestPictures(t *testing.T) {
	p := NewPictures(&task.Images{Width: 2, Height: 2, Channels: 3, Pixels: []uint8{
		0, 51, 102, 1, 1, 1, 2, 2, 2, 255, 153, 204,
		9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
	}})
	err := tensor.Do(func(s *tensor.Scope) error {
		batch, err := p.Batch(s, tensor.CPU, []int{1, 4}) // 4 is picture 0 turned by half
		if err != nil {
			return err
		}
		if shape := batch.Values.Shape(); !slices.Equal(shape, []int64{2, 3, 2, 2}) {
			t.Fatalf("shape %v", shape)
		}
		got, err := s.Select(batch.Values, 0, 1).Float64s()
		for i, want := range []float64{1, 2.0 / 255, 1.0 / 255, 0, 0.6, 2.0 / 255, 1.0 / 255, 0.2, 0.8, 2.0 / 255, 1.0 / 255, 0.4} {
			if math.Abs(got[i]-want) > 1e-6 {
				t.Errorf("value %d is %g, want %g", i, got[i], want)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

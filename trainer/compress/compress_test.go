package compress

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// The tests are not parallel: threads and live tensors belong to the process.

func withModel(t *testing.T, f func(s *tensor.Scope, b *model.Bert) error) {
	t.Helper()
	dir := tinymodel.Folder(t)
	err := tensor.Do(func(s *tensor.Scope) error {
		b, err := model.Load(s, dir, tensor.CPU)
		if err != nil {
			return err
		}
		return f(s, b)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, x *tensor.Tensor) []float32 {
	t.Helper()
	v, err := x.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// zeros counts 0 with all bits 0, in matrices of the encoder and elsewhere.
func zeros(t *testing.T, b *model.Bert) (inside, outside int64) {
	t.Helper()
	for _, p := range b.Params() {
		for _, v := range read(t, p.Tensor) {
			if math.Float32bits(v) != 0 {
				continue
			}
			if p.IsEncoderMatrix() {
				inside++
			} else {
				outside++
			}
		}
	}
	return inside, outside
}

func TestMagnitudeIsExact(t *testing.T) {
	for _, share := range []float64{0.001, 0.1, 0.5, 0.9, 0.99} {
		withModel(t, func(s *tensor.Scope, b *model.Bert) error {
			before := make(map[string][]float32)
			for _, p := range b.Params() {
				before[p.Name] = read(t, p.Tensor)
			}
			m, err := Magnitude(s, b.Params(), share)
			if err != nil {
				return err
			}
			want := int64(share * float64(m.Total))
			inside, outside := zeros(t, b)
			if m.Removed != want || inside != want || outside != 0 {
				t.Errorf("share %g of %d: %d removed, %d zeros, %d elsewhere; want %d", share, m.Total, m.Removed, inside, outside, want)
			}
			// The removed ones are the smallest over all matrices together.
			largestGone, smallestKept := 0.0, math.Inf(1)
			for _, p := range b.Params() {
				if !p.IsEncoderMatrix() {
					continue
				}
				for i, v := range read(t, p.Tensor) {
					was := math.Abs(float64(before[p.Name][i]))
					if v == 0 {
						largestGone = math.Max(largestGone, was)
						continue
					}
					smallestKept = math.Min(smallestKept, was)
					if v != before[p.Name][i] {
						t.Fatalf("%s[%d] was %g, is %g", p.Name, i, before[p.Name][i], v)
					}
				}
			}
			if largestGone > smallestKept {
				t.Errorf("share %g: %g was removed, %g was kept", share, largestGone, smallestKept)
			}
			return nil
		})
	}
}

// TestMasksHold: steps that move everything leave the removed weights at 0.
func TestMasksHold(t *testing.T) {
	withModel(t, func(s *tensor.Scope, b *model.Bert) error {
		m, err := Magnitude(s, b.Params(), 0.5)
		if err != nil {
			return err
		}
		live := tensor.Live()
		for range 3 {
			for _, p := range b.Params() {
				err := s.Run(func(inner *tensor.Scope) error {
					inner.Copy(p.Tensor, inner.AddScalar(inner.Detach(p.Tensor), -0.25))
					return nil
				})
				if err != nil {
					return err
				}
			}
			m.Apply(s)
		}
		if inside, _ := zeros(t, b); inside != m.Removed {
			t.Errorf("%d zeros after three steps, want %d", inside, m.Removed)
		}
		if got := tensor.Live(); got != live {
			t.Errorf("%d tensors are left over", got-live)
		}
		return nil
	})
}

func TestMagnitudeRefuses(t *testing.T) {
	withModel(t, func(s *tensor.Scope, b *model.Bert) error {
		for _, share := range []float64{0, 1, -1, math.NaN(), 1e-9} {
			if _, err := Magnitude(s, b.Params(), share); err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("share %g: %v", share, err)
			}
		}
		if _, err := Magnitude(s, b.Blocks()[0], 0.5); err == nil {
			t.Error("no matrices were accepted")
		}
		return nil
	})
}

// TestInt8Encoder writes the int8 checkpoint, loads it and compares the
// vectors: close to fp32, but not the same, for other kernels made them.
func TestInt8Encoder(t *testing.T) {
	if _, err := tensor.QuantizedEngine(); err != nil {
		t.Skip(err)
	}
	dir := tinymodel.Folder(t)
	embed := func() []float64 {
		var v []float64
		err := tensor.Do(func(s *tensor.Scope) error {
			b, err := model.Load(s, dir, tensor.CPU)
			if err != nil {
				return err
			}
			batch, err := model.NewBatch(s, tensor.CPU, 0, [][]int32{{2, 7, 9, 30, 31, 3}, {2, 40, 3}, {2, 11, 12, 13, 3}})
			if err != nil {
				return err
			}
			s.NoGrad(func() { v, err = b.Embed(s, batch, model.MeanPooling, 0).Float64s() })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	want := embed()
	var blobs []hf.Blob
	err := tensor.Do(func(s *tensor.Scope) error {
		b, err := model.Load(s, dir, tensor.CPU)
		if err != nil {
			return err
		}
		blobs, err = Int8(b.Params())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	int8s := 0
	for _, b := range blobs {
		if b.DType == "I8" {
			int8s++
		}
	}
	if matrices := 6*tinymodel.Layers + 1; int8s != matrices {
		t.Errorf("%d tensors are int8, want the %d matrices and the word embeddings", int8s, matrices)
	}
	if err := hf.WriteSafetensors(filepath.Join(dir, hf.SafetensorsFile), blobs, nil); err != nil {
		t.Fatal(err)
	}
	got := embed()
	dot, a, b := 0.0, 0.0, 0.0
	same := true
	for i := range want {
		dot, a, b = dot+want[i]*got[i], a+want[i]*want[i], b+got[i]*got[i]
		same = same && want[i] == got[i]
		if math.Abs(want[i]-got[i]) > 0.1 {
			t.Errorf("number %d is %g, fp32 %g", i, got[i], want[i])
		}
	}
	if cosine := dot / math.Sqrt(a*b); cosine < 0.999 {
		t.Errorf("cosine of int8 and fp32 vectors is %g", cosine)
	}
	if same {
		t.Error("int8 and fp32 vectors are identical: nothing was quantized")
	}
}

func TestInt8RefusesNaN(t *testing.T) {
	withModel(t, func(s *tensor.Scope, b *model.Bert) error {
		p := b.Blocks()[1][0]
		s.Copy(p.Tensor, s.MulScalar(s.Detach(p.Tensor), math.NaN()))
		if _, err := Int8(b.Params()); err == nil || !strings.Contains(err.Error(), p.Name) {
			t.Errorf("got %v, want an error that names %s", err, p.Name)
		}
		return nil
	})
}

func TestParseSpec(t *testing.T) {
	for _, c := range []struct {
		prune, quantize string
		want            Spec
	}{
		{"", "", Spec{}},
		{"magnitude:0.5", "", Spec{Sparsity: 0.5}},
		{"", "int8", Spec{Int8: true}},
		{"magnitude:.25", "int8", Spec{Sparsity: 0.25, Int8: true}},
	} {
		got, err := ParseSpec(c.prune, c.quantize)
		if err != nil || got != c.want || got.Any() != (c.prune+c.quantize != "") {
			t.Errorf("%q %q: %+v, %v", c.prune, c.quantize, got, err)
		}
	}
	for _, c := range [][2]string{
		{"magnitude:0", ""}, {"magnitude:1", ""}, {"magnitude:NaN", ""}, {"magnitude:", ""}, {"magnitude", ""}, {"0.5", ""},
		{"movement:0.5", ""}, {"", "int4"}, {"", "INT8"},
	} {
		if got, err := ParseSpec(c[0], c[1]); err == nil || got != (Spec{}) {
			t.Errorf("%q %q: %+v, %v; want an error", c[0], c[1], got, err)
		}
	}
}

package meta

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/prefix"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// trainWith is train with a cache of frozen layers.
func (b *bench) trainWith(t *testing.T, changes map[string]any, seed int64, cache PrefixCache) *history {
	t.Helper()
	h := &history{reports: make(map[int]map[string]float64)}
	err := b.with(t, changes, seed, func(x *fixture) error {
		var err error
		h.outcome, err = Train(x.s, x.algorithm, x.learner, x.data, Options{
			Config: x.config, Seed: seed, Prefix: cache,
			Hooks: Hooks{Report: func(step int, m map[string]float64) { h.reports[step] = m }},
		})
		if err != nil {
			return err
		}
		h.weights, err = x.weights()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestPrefixCacheChangesNothing: with an empty cache, a full one in memory, and
// one on disk that another process filled, a training is the same to the last
// bit. Without a cache it is the same but for rounding.
func TestPrefixCacheChangesNothing(t *testing.T) {
	b := newBench(t)
	for _, algorithm := range []string{"joint", "protonet"} {
		for _, strategy := range []string{"bottom-1", "bottom-2", "all-but-head", "percent-99", "gradual", "lp-ft"} {
			t.Run(algorithm+"/"+strategy, func(t *testing.T) {
				changes := map[string]any{"algorithm": algorithm, "freeze": strategy, "dropout": 0.1}
				dir := t.TempDir()
				shared := PrefixCache{Store: prefix.NewStore(), Dir: dir}
				first := b.trainWith(t, changes, 7, shared)
				if names, _ := filepath.Glob(filepath.Join(dir, "*", "*.seg")); len(names) == 0 {
					t.Error("nothing was written")
				}
				changes["prefix_cache"] = "disk"
				compareHistories(t, "disk", b.trainWith(t, changes, 7, PrefixCache{Dir: dir}), first)
				changes["prefix_cache"] = "auto"
				compareHistories(t, "memory and disk", b.trainWith(t, changes, 7, shared), first)
				compareHistories(t, "its own", b.trainWith(t, changes, 7, PrefixCache{}), first)
				// Another training draws other examples, in another order.
				others := PrefixCache{Store: prefix.NewStore()}
				b.trainWith(t, changes, 8, others)
				compareHistories(t, "filled by another training", b.trainWith(t, changes, 7, others), first)
				less := PrefixCache{Store: prefix.NewStore()}
				b.trainWith(t, map[string]any{"algorithm": algorithm, "freeze": "bottom-1"}, 7, less)
				compareHistories(t, "filled with what fewer blocks make", b.trainWith(t, changes, 7, less), first)

				changes["prefix_cache"] = "off"
				off := b.trainWith(t, changes, 7, PrefixCache{})
				for name, values := range off.weights {
					for i, v := range values {
						if math.Abs(float64(v-first.weights[name][i])) > 1e-4 {
							t.Fatalf("without cache %s[%d] = %g, with it %g", name, i, v, first.weights[name][i])
						}
					}
				}
			})
		}
	}
}

// TestPrefixSpaces: other weights, another depth and other pooling are other
// computations.
func TestPrefixSpaces(t *testing.T) {
	b := newBench(t)
	seen := make(map[prefix.Space]string)
	for _, pooling := range []string{"mean", "cls"} {
		err := b.with(t, map[string]any{"pooling": pooling}, 1, func(x *fixture) error {
			network := x.learner.Network.(model.Stack)
			look := func(what string) {
				spaces, err := spacesOf(network, 3, false)
				if err != nil {
					t.Fatal(err)
				}
				for below, space := range spaces[1:] {
					if other, ok := seen[space]; ok {
						t.Errorf("%s %d and %s are one space", what, below+1, other)
					}
					seen[space] = fmt.Sprint(what, below+1)
				}
				if fewer, err := spacesOf(network, 2, false); err != nil || !slices.Equal(fewer, spaces[:3]) {
					t.Errorf("%s: without the last block the spaces of the others are different (%v)", what, err)
				}
			}
			look(pooling)
			p := network.Params()[0]
			x.s.Copy(p.Tensor, x.s.MulScalar(p.Tensor, 1.5))
			look(pooling + " other weights")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSteadySizes: a text has the same bits in every matrix that is used,
// beside any others, and where no matrix will do it is computed by itself.
func TestSteadySizes(t *testing.T) {
	b := newBench(t)
	err := b.with(t, nil, 1, func(x *fixture) error {
		network := x.learner.Network.(model.Stack)
		sizes, err := steadySizes(x.s, network)
		if err != nil {
			return err
		}
		if len(sizes) == 0 {
			t.Skip("this library of linear algebra has no steady size")
		}
		for below := 2; below <= 3; below++ {
			f := &frozenInputs{Inputs: x.data.Inputs(), network: network, below: below, sizes: sizes}
			want := make(map[int][]float32)
			for _, size := range sizes {
				for first := range 5 {
					examples := []int{first, 9, first + 3, 4, first + 11}
					rows, err := f.values(x.s, tensor.CPU, group{examples: examples}, size)
					if err != nil {
						return err
					}
					for i, e := range examples {
						if want[e] == nil {
							want[e] = rows[i]
						}
						if !slices.Equal(rows[i], want[e]) {
							t.Errorf("below %d: example %d is another one in %d rows beside %v", below, e, size, examples)
						}
						alone, err := f.values(x.s, tensor.CPU, group{examples: []int{e}}, 0)
						if err != nil {
							return err
						}
						for j, v := range alone[0] {
							if math.Abs(float64(v-rows[i][j])) > 1e-5 {
								t.Fatalf("below %d: example %d by itself is something else", below, e)
							}
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTogether: as many examples as fit, in the smallest matrix that holds them.
func TestTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sizes, lengths []int
		n, size        int
	}{
		{nil, []int{5, 5}, 1, 0},
		{[]int{8, 16}, []int{5}, 1, 8},
		{[]int{8, 16}, []int{5, 3}, 2, 8},
		{[]int{8, 16}, []int{5, 4, 7, 1}, 3, 16},
		{[]int{8, 16}, []int{17, 2}, 1, 0},
	} {
		f := &frozenInputs{Inputs: lengths(c.lengths), sizes: c.sizes}
		if n, size := f.together(All(len(c.lengths))); n != c.n || size != c.size {
			t.Errorf("sizes %v, lengths %v: %d examples in %d rows, want %d in %d", c.sizes, c.lengths, n, size, c.n, c.size)
		}
	}
}

// TestTogetherLoosely: what a GPU computes together is what examples are by
// themselves, but for rounding, and is computed at once.
func TestTogetherLoosely(t *testing.T) {
	b := newBench(t)
	err := b.with(t, nil, 1, func(x *fixture) error {
		for below := 2; below <= 3; below++ {
			counted := &countedInputs{Keyed: x.data.Inputs().(Keyed)}
			network := x.learner.Network.(model.Stack)
			spaces, err := spacesOf(network, below, false)
			if err != nil {
				return err
			}
			f, done := freezeInputs(network, below, counted, nil, spaces, x.config, PrefixCache{})
			defer done()
			f.loose = true
			examples := All(evalBatch + 6)
			rows, err := f.rows(x.s, tensor.CPU, examples)
			if err != nil {
				return err
			}
			if counted.batches != 2 {
				t.Errorf("below %d: %d examples in %d batches, want 2", below, len(examples), counted.batches)
			}
			for _, e := range examples {
				alone, err := f.values(x.s, tensor.CPU, group{examples: []int{e}}, 0)
				if err != nil {
					return err
				}
				if len(alone[0]) != len(rows[e]) {
					t.Fatalf("below %d: example %d has %d numbers, by itself %d", below, e, len(rows[e]), len(alone[0]))
				}
				for j, v := range alone[0] {
					if math.Abs(float64(v-rows[e][j])) > 1e-5 {
						t.Fatalf("below %d: example %d by itself is something else", below, e)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFromFewerBlocks: what fewer blocks make of an example is kept on the way,
// and is where more of them begin; what they make is the same to the last bit.
func TestFromFewerBlocks(t *testing.T) {
	b := newBench(t)
	err := b.with(t, nil, 1, func(x *fixture) error {
		network := x.learner.Network.(model.Stack)
		sizes, err := steadySizes(x.s, network)
		if err != nil {
			return err
		}
		spaces, err := spacesOf(network, 3, len(sizes) > 0)
		if err != nil {
			return err
		}
		counted := &countedInputs{Keyed: x.data.Inputs().(Keyed)}
		rows := func(below int, examples []int, store *prefix.Store) ([][]float32, error) {
			f, done := freezeInputs(network, below, counted, sizes, spaces, x.config, PrefixCache{Store: store})
			defer done()
			return f.rows(x.s, tensor.CPU, examples)
		}
		shared := prefix.NewStore()
		if _, err := rows(2, All(20), shared); err != nil {
			return err
		}
		counted.batches = 0
		got, err := rows(3, All(20), shared)
		if err != nil {
			return err
		}
		if counted.batches != 0 {
			t.Errorf("%d batches of examples of which everything below is kept", counted.batches)
		}
		fresh := prefix.NewStore()
		want, err := rows(3, All(32), fresh)
		if err != nil {
			return err
		}
		counted.batches = 0
		if _, err := rows(2, All(32), fresh); err != nil || counted.batches != 0 {
			t.Errorf("%d batches of examples that more blocks have gone through (%v)", counted.batches, err)
		}
		mixed, err := rows(3, []int{30, 4, 31, 9}, shared) // two of which nothing is kept
		if err != nil {
			return err
		}
		for i, row := range append(got, mixed...) {
			e := append(All(20), 30, 4, 31, 9)[i]
			if !slices.Equal(row, want[e]) {
				t.Errorf("example %d is another one from below", e)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// countedInputs count the batches that are made of them.
type countedInputs struct {
	Keyed
	batches int
}

func (c *countedInputs) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	c.batches++
	return c.Keyed.Batch(s, device, examples)
}

// lengths are inputs of which nothing else is known.
type lengths []int

func (l lengths) Length(example int) int { return l[example] }

func (lengths) Batch(*tensor.Scope, tensor.Device, []int) (model.Batch, error) {
	return model.Batch{}, errors.New("there is nothing in them")
}

// TestPrefixKeepsData: after a training, and after one that failed, learner and
// data are what they were.
func TestPrefixKeepsData(t *testing.T) {
	b := newBench(t)
	for _, fails := range []bool{false, true} {
		err := b.with(t, map[string]any{"freeze": "all-but-head"}, 1, func(x *fixture) error {
			network, inputs := x.learner.Network, x.data.Inputs()
			stop := make(chan struct{})
			if fails {
				close(stop)
			}
			_, err := Train(x.s, x.algorithm, x.learner, x.data, Options{Config: x.config, Seed: 1, Stopped: stop})
			if x.learner.Network != network || x.data.Inputs() != inputs {
				t.Error("the training leaves other inputs")
			}
			if fails && errors.Is(err, ErrStopped) {
				return nil
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestLowerAndUpper: the two parts of an encoder compute what the whole does.
func TestLowerAndUpper(t *testing.T) {
	b := newBench(t)
	err := b.with(t, nil, 1, func(x *fixture) error {
		whole := x.learner.Network.(model.Stack)
		batch, err := x.data.Inputs().Batch(x.s, tensor.CPU, All(5))
		if err != nil {
			return err
		}
		want, err := whole.Forward(x.s, batch, model.Mode{}).Float32s()
		if err != nil {
			return err
		}
		for below := 1; below <= 3; below++ {
			upper := whole.Upper(below)
			part := model.Batch{Values: whole.Lower(x.s, batch, 0, below), Mask: batch.Mask}
			got, err := upper.Forward(x.s, part, model.Mode{}).Float32s()
			if err != nil {
				return err
			}
			if !slices.Equal(got, want) {
				t.Errorf("below %d: other vectors", below)
			}
			var copies []*tensor.Tensor
			for _, p := range upper.Params() {
				copies = append(copies, x.s.Clone(p.Tensor))
			}
			if got, err = upper.With(copies).Forward(x.s, part, model.Mode{}).Float32s(); err != nil || !slices.Equal(got, want) {
				t.Errorf("below %d: other vectors of copies (%v)", below, err)
			}
			if model.Layers(upper) != model.Layers(whole) {
				t.Errorf("below %d: %d layers", below, model.Layers(upper))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPrefixCannotWrite: a folder that cannot be written costs nothing but
// time.
func TestPrefixCannotWrite(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	changes := map[string]any{"freeze": "bottom-2"}
	said := 0
	cache := PrefixCache{Dir: filepath.Join(file, "cache"), Log: func(string, ...any) { said++ }}
	compareHistories(t, "no folder", b.trainWith(t, changes, 3, cache), b.trainWith(t, changes, 3, PrefixCache{}))
	if said != 1 {
		t.Errorf("%d complaints, want one", said)
	}
}

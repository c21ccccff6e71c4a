package meta

import (
	"encoding/binary"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/prefix"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A PrefixCache says where the outputs of frozen layers are kept, as far as
// the setting prefix_cache allows. The zero value keeps them in memory for one
// training.
type PrefixCache struct {
	Store *prefix.Store                    // shared by trainings; nil: one of its own
	Dir   string                           // shared by processes; "": none
	Log   func(format string, args ...any) // told what goes wrong; may be nil
}

// Keyed are [Inputs] whose examples can be told apart by content, in any
// process.
type Keyed interface {
	Inputs
	// Content returns all that a network sees of an example.
	Content(example int) []byte
}

// Content implements [Keyed].
func (c *Corpus) Content(example int) []byte {
	ids := c.Tokens([]int{example})[0]
	content := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		content = binary.LittleEndian.AppendUint32(content, uint32(id))
	}
	return content
}

// leastFrozen is the number of frozen blocks from which on they are computed
// apart: embeddings alone cost too little.
const leastFrozen = 2

// frozenInputs are what the frozen lower blocks of a network make of examples.
//
// Whatever a training draws, an example's values are the same: they are
// computed in evaluation, without dropout. On the CPU, unless the cache is off,
// they do not depend on which trial, or which worker, came across the example
// first, or in which company: examples are computed together in matrices of
// sizes that were seen to make no difference, and else each by itself. A GPU,
// which nobody promises the same bits of, computes them as they come.
type frozenInputs struct {
	Inputs
	network model.Stack
	below   int            // blocks that are computed here
	views   []*prefix.View // of what that many blocks make, from leastFrozen on; nil: nothing is kept
	sizes   []int          // see steadySizes
	loose   bool           // last bits may depend on the company
}

// freezeInputs returns the inputs of the network's upper part, and a function
// that ends their use. spaces are those of spacesOf; nil: nothing is kept.
func freezeInputs(network model.Stack, below int, inputs Inputs, sizes []int, spaces []prefix.Space, config *setting.Config, cache PrefixCache) (*frozenInputs, func()) {
	f := &frozenInputs{Inputs: inputs, network: network, below: below, sizes: sizes, loose: network.Device().IsCUDA()}
	if spaces == nil {
		return f, func() {}
	}
	bytes := config.PrefixCacheMB << 20
	limits := prefix.Limits{MemoryBytes: bytes, DiskBytes: bytes}
	switch config.PrefixCache {
	case setting.PrefixMemory:
		limits.DiskBytes = 0
	case setting.PrefixDisk:
		limits.MemoryBytes = 0
	}
	store := cache.Store
	if store == nil {
		store = prefix.NewStore()
	}
	f.views = make([]*prefix.View, below+1)
	for n := leastFrozen; n <= below; n++ {
		f.views[n] = store.Open(spaces[n], cache.Dir, limits, cache.Log)
	}
	return f, func() {
		for _, view := range f.views[leastFrozen:] {
			view.Close()
		}
	}
}

// Batch implements [Inputs].
func (f *frozenInputs) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	if f.views == nil {
		batch, err := f.batch(s, device, group{examples: examples}, 0)
		if err != nil {
			return batch, err
		}
		return batch, f.run(s, &batch, 0, f.below)
	}
	rows, err := f.rows(s, device, examples)
	if err != nil {
		return model.Batch{}, err
	}
	if f.below == len(f.network.Blocks()) {
		return vectorBatch(s, device, rows)
	}
	return f.sequenceBatch(s, device, rows)
}

// A group is examples of which is kept what the same number of blocks make, and
// that are to be computed from there.
type group struct {
	known    int // blocks; 0: none
	examples []int
	keys     []prefix.Key
	values   [][]float32 // what the known blocks make; of no use without any
}

// first returns the first n examples.
func (g group) first(n int) group {
	return group{g.known, g.examples[:n], g.keys[:n], g.values[:n]}
}

// after returns the others.
func (g group) after(n int) group {
	return group{g.known, g.examples[n:], g.keys[n:], g.values[n:]}
}

// batch returns a group as the blocks that are not known get it, in a matrix of so
// many rows, or of as many as it takes.
func (f *frozenInputs) batch(s *tensor.Scope, device tensor.Device, g group, rows int) (batch model.Batch, err error) {
	if g.known == 0 {
		batch, err = f.Inputs.Batch(s, device, g.examples)
	} else {
		batch, err = f.sequenceBatch(s, device, g.values)
	}
	batch.Rows = rows
	return batch, err
}

// run computes the blocks from known to n on a batch.
func (f *frozenInputs) run(s *tensor.Scope, batch *model.Batch, known, n int) error {
	s.NoGrad(func() { batch.Values = f.network.Lower(s, *batch, known, n) })
	batch.IDs = nil
	return s.Err()
}

// nearest returns what is kept of a key: the number of blocks, the most up to
// below, and what they make; 0 if nothing is.
func (f *frozenInputs) nearest(key prefix.Key) (int, []float32) {
	for n := f.below; n >= leastFrozen; n-- {
		if values := f.views[n].Get(key); values != nil {
			return n, values
		}
	}
	return 0, nil
}

// rows returns the values of examples, and keeps those that were not kept yet.
func (f *frozenInputs) rows(s *tensor.Scope, device tensor.Device, examples []int) ([][]float32, error) {
	keys, done := make([]prefix.Key, len(examples)), make(map[prefix.Key][]float32)
	groups := make([]group, f.below) // by the number of known blocks
	for i, e := range examples {
		keys[i] = prefix.KeyOf(f.Inputs.(Keyed).Content(e)) // views are only there for these
		if _, ok := done[keys[i]]; ok {
			continue
		}
		known, values := f.nearest(keys[i])
		if known == f.below {
			done[keys[i]] = values
			continue
		}
		done[keys[i]] = nil
		g := &groups[known]
		g.known = known
		g.examples, g.keys, g.values = append(g.examples, e), append(g.keys, keys[i]), append(g.values, values)
	}
	for _, g := range groups {
		for len(g.examples) > 0 {
			n, size := f.together(g.examples)
			computed, err := f.values(s, device, g.first(n), size)
			if err != nil {
				return nil, err
			}
			for i, key := range g.keys[:n] {
				done[key] = computed[i]
				f.views[f.below].Put(key, computed[i])
			}
			g = g.after(n)
		}
	}
	rows := make([][]float32, len(examples))
	for i, key := range keys {
		rows[i] = done[key]
	}
	return rows, nil
}

// together returns how many of the first examples are computed together, and
// in a matrix of how many rows: 0 for as many as it takes, which is what one
// example by itself gets.
func (f *frozenInputs) together(examples []int) (n, size int) {
	switch {
	case f.loose: // a GPU is idle with one example, and waited for after each
		return min(len(examples), evalBatch), 0
	case len(f.sizes) == 0:
		return 1, 0
	}
	tokens := 0
	for _, e := range examples {
		length := f.Length(e)
		if tokens+length > f.sizes[len(f.sizes)-1] {
			break
		}
		tokens += length
		n++
	}
	if n == 0 {
		return 1, 0 // longer than any size: by itself, whoever comes across it
	}
	i, _ := slices.BinarySearch(f.sizes, tokens)
	return n, f.sizes[i]
}

// values computes a group, each example [length · features], or [features] behind
// the last block. What fewer blocks make is kept on the way where there is room:
// other trials may begin there.
func (f *frozenInputs) values(s *tensor.Scope, device tensor.Device, g group, size int) (rows [][]float32, err error) {
	err = s.Run(func(inner *tensor.Scope) error {
		batch, err := f.batch(inner, device, g, size)
		if err != nil {
			return err
		}
		for known := g.known; known < f.below; {
			n := f.next(known)
			if err := f.run(inner, &batch, known, n); err != nil {
				return err
			}
			if rows, err = f.split(batch, n); err != nil {
				return err
			}
			for i := 0; i < len(g.keys) && n < f.below; i++ {
				f.views[n].PutSpare(g.keys[i], rows[i])
			}
			known = n
		}
		return nil
	})
	return rows, err
}

// next returns up to which block is computed at once. To look at what a GPU has
// computed takes longer than to compute it again.
func (f *frozenInputs) next(known int) int {
	n := max(known+1, leastFrozen)
	if f.views == nil || f.loose || n >= f.below || !f.views[n].Roomy() {
		return f.below
	}
	return n
}

// split returns what n blocks make of each example of a batch, without what pads
// it.
func (f *frozenInputs) split(batch model.Batch, n int) ([][]float32, error) {
	all, err := batch.Values.Float32s()
	if err != nil {
		return nil, err
	}
	rows := make([][]float32, batch.Values.Shape()[0])
	stride := len(all) / len(rows)
	for i := range rows {
		length := stride
		if n < len(f.network.Blocks()) && batch.Lengths != nil {
			length = batch.Lengths[i] * int(f.network.Features())
		}
		rows[i] = slices.Clone(all[i*stride : i*stride+length])
	}
	return rows, nil
}

// vectorBatch stacks vectors.
func vectorBatch(s *tensor.Scope, device tensor.Device, rows [][]float32) (model.Batch, error) {
	flat := make([]float32, 0, len(rows)*len(rows[0]))
	for _, row := range rows {
		flat = append(flat, row...)
	}
	values := s.To(s.FromFloat32(flat, int64(len(rows)), int64(len(rows[0]))), device)
	return model.Batch{Values: values}, s.Err()
}

// sequenceBatch pads sequences of hidden states to the longest among them.
func (f *frozenInputs) sequenceBatch(s *tensor.Scope, device tensor.Device, rows [][]float32) (model.Batch, error) {
	hidden := int(f.network.Features())
	longest, tokens := 0, 0
	for _, row := range rows {
		longest = max(longest, len(row)/hidden)
		tokens += len(row) / hidden
	}
	n := len(rows)
	flat := make([]float32, n*longest*hidden)
	for i, row := range rows {
		copy(flat[i*longest*hidden:], row)
	}
	batch := model.Batch{Tokens: tokens, Values: s.To(s.FromFloat32(flat, int64(n), int64(longest), int64(hidden)), device)}
	if tokens == n*longest {
		return batch, s.Err()
	}
	mask := make([]float32, n*longest)
	batch.Lengths = make([]int, n)
	for i, row := range rows {
		batch.Lengths[i] = len(row) / hidden
		for j := range batch.Lengths[i] {
			mask[i*longest+j] = 1
		}
	}
	batch.Mask = s.To(s.FromFloat32(mask, int64(n), int64(longest)), device)
	return batch, s.Err()
}

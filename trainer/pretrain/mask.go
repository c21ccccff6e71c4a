package pretrain

import (
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/trainer/text"
)

// The shares of Devlin et al. 2019, section 3.1: of the tokens that are to be
// guessed, and of those what is replaced by [MASK] and by a random token. The
// rest stays as it is.
const (
	guessShare  = 0.15
	maskShare   = 0.80
	randomShare = 0.10
)

// A masker draws what is to be guessed.
type masker struct {
	special text.Special
	random  []int32 // tokens that may take the place of another
}

func newMasker(tokenizer *text.Tokenizer) masker {
	m := masker{special: tokenizer.Special()}
	for id := range int32(tokenizer.VocabSize()) {
		if !isSpecial(m.special, id) {
			m.random = append(m.random, id)
		}
	}
	return m
}

// A masked is a block in which tokens were replaced.
type masked struct {
	ids    []int32
	places []int   // of the tokens to be guessed, ascending
	truth  []int32 // what stood there
}

// mask replaces tokens of a block: 15 % of those that are not special,
// rounded, and at least one.
func (m masker) mask(r *rand.Rand, block []int32) masked {
	var candidates []int
	for i, id := range block {
		if !isSpecial(m.special, id) {
			candidates = append(candidates, i)
		}
	}
	n := max(1, int(math.Round(guessShare*float64(len(candidates)))))
	out := masked{ids: append([]int32(nil), block...)}
	// Selection sampling (Knuth, TAOCP 2, algorithm 3.4.2 S) keeps the order.
	for i, at := range candidates {
		if left := len(candidates) - i; r.IntN(left) >= n-len(out.places) {
			continue
		}
		out.places, out.truth = append(out.places, at), append(out.truth, block[at])
		switch u := r.Float64(); {
		case u < maskShare:
			out.ids[at] = m.special.Mask
		case u < maskShare+randomShare:
			out.ids[at] = m.random[r.IntN(len(m.random))]
		}
	}
	return out
}

// generator returns the generator of one draw: streams and positions do not
// depend on each other.
func generator(seed int64, stream, position uint64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), stream<<48|position))
}

// The streams of generators.
const (
	orderStream = iota + 1
	maskStream
	heldOutStream
	dropoutStream
)

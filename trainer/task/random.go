package task

import (
	"hash/fnv"
	"math/bits"
	"math/rand/v2"
)

// generator returns the generator of one position of a named stream. Streams
// and positions are independent of each other, so that what is drawn at a
// position never depends on what was drawn before.
func generator(seed int64, stream string, position int) *rand.Rand {
	a := hashText(seed, stream)
	return rand.New(rand.NewPCG(a, mix(a+uint64(position))))
}

// hashText hashes a text with a seed: FNV-1a with mix as its finish, for
// FNV's upper bits depend little on the last characters.
func hashText(seed int64, s string) uint64 {
	h := fnv.New64a()
	var b [8]byte
	for i := range b {
		b[i] = byte(uint64(seed) >> (8 * i))
	}
	h.Write(b[:]) // never fails
	h.Write([]byte(s))
	return mix(h.Sum64())
}

// mix is the output function of SplitMix64 (Steele, Lea and Flood 2014).
func mix(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// intN returns a uniform number in [0, n). It is here because math/rand/v2
// promises the output of its sources, not that of its methods.
func intN(r *rand.Rand, n int) int {
	// Lemire (2019): the high word of a product, rejecting the few low words
	// that would make some numbers likelier.
	bound := uint64(n)
	high, low := bits.Mul64(r.Uint64(), bound)
	if low < bound {
		for least := -bound % bound; low < least; {
			high, low = bits.Mul64(r.Uint64(), bound)
		}
	}
	return int(high)
}

// choose draws k of the numbers 0..n-1, without repetition and in random
// order: the first k steps of a Fisher-Yates shuffle, of which only the
// exchanged places are stored. k must not exceed n.
func choose(r *rand.Rand, n, k int) []int {
	moved := make(map[int]int, 2*k)
	at := func(i int) int {
		if v, ok := moved[i]; ok {
			return v
		}
		return i
	}
	drawn := make([]int, k)
	for i := range drawn {
		j := i + intN(r, n-i)
		drawn[i] = at(j)
		moved[j] = at(i)
	}
	return drawn
}

// permutation draws an order of 0..n-1.
func permutation(r *rand.Rand, n int) []int {
	p := make([]int, n)
	for i := range p {
		j := intN(r, i+1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}

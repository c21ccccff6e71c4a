package qmc

import (
	"math/bits"

	"github.com/hpsearch/hpsearch/search"
)

// MaxDimensions is the number of dimensions that [Sobol] covers.
const MaxDimensions = len(primitive) + 1

// sobolBits is the number of digits of a coordinate; the sequence has
// 1<<sobolBits points.
const sobolBits = 32

// Sobol is a scrambled Sobol sequence in base 2: I. M. Sobol, "On the
// distribution of points in a cube and the approximate evaluation of
// integrals", 1967, with the direction numbers of S. Joe, F. Y. Kuo,
// "Constructing Sobol sequences with better two-dimensional projections",
// SIAM J. Sci. Comput. 30, 2008 (new-joe-kuo-6).
//
// The scrambling is Owen's nested one (A. B. Owen, "Randomly permuted
// (t,m,s)-nets and (t,s)-sequences", 1995): a digit is flipped or not by a
// hash of the digits before it, so that all nets stay nets. It is immutable
// and any of its points can be had at once.
type Sobol struct {
	direction [][sobolBits]uint32
	key       []uint64
}

// NewSobol returns the sequence in dimensions dimensions, at most
// [MaxDimensions], scrambled by seed.
func NewSobol(dimensions int, seed int64) *Sobol {
	s := &Sobol{direction: make([][sobolBits]uint32, dimensions), key: make([]uint64, dimensions)}
	rng := search.Rand(seed, 0, "sobol")
	for j := range s.direction {
		s.direction[j] = directions(j)
		s.key[j] = rng.Uint64()
	}
	return s
}

// directions returns the direction numbers of dimension j, the first digit
// in the highest bit (Joe & Kuo, equation 2).
func directions(j int) [sobolBits]uint32 {
	var v [sobolBits]uint32
	if j == 0 {
		for k := range v {
			v[k] = 1 << (sobolBits - 1 - k)
		}
		return v
	}
	p := primitive[j-1]
	degree := len(p.m)
	for k := range v {
		if k < degree {
			v[k] = p.m[k] << (sobolBits - 1 - k)
			continue
		}
		v[k] = v[k-degree] ^ v[k-degree]>>degree
		for i := 1; i < degree; i++ {
			if p.a>>(degree-1-i)&1 == 1 {
				v[k] ^= v[k-i]
			}
		}
	}
	return v
}

// Point writes point index of the sequence, whose coordinates lie in (0, 1),
// to dst, which has one element a dimension.
func (s *Sobol) Point(index uint32, dst []float64) {
	gray := index ^ index>>1
	for j := range dst {
		x := uint32(0)
		for g := gray; g != 0; g &= g - 1 {
			x ^= s.direction[j][bits.TrailingZeros32(g)]
		}
		dst[j] = (float64(scramble(x, s.key[j])) + 0.5) / (1 << sobolBits)
	}
}

// scramble flips each digit by a hash of its place and the digits above it.
func scramble(x uint32, key uint64) uint32 {
	flipped := uint32(0)
	for digit := range sobolBits {
		above := uint64(0)
		if digit > 0 {
			above = uint64(x >> (sobolBits - digit))
		}
		h := mix(key ^ above<<6 ^ uint64(digit))
		flipped |= uint32(h>>63) << (sobolBits - 1 - digit)
	}
	return x ^ flipped
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

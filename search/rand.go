package search

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// Rand returns the generator for one purpose of one trial. It depends on
// nothing but its arguments, so any process that suggests trial number of a
// study with this seed draws the same values, whatever was drawn elsewhere.
//
// stream names the purpose ("random/learning_rate"); different streams, and
// different trials, are independent. The generator is a PCG whose 128 bits of
// state are the start of SHA-256(seed, number, stream): neighbouring seeds or
// numbers therefore have nothing in common. It must not be shared between
// goroutines.
func Rand(seed int64, number int, stream string) *rand.Rand {
	buf := make([]byte, 0, 16+len(stream))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(seed))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(number))
	buf = append(buf, stream...)
	sum := sha256.Sum256(buf)
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))
}

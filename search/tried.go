package search

import (
	"encoding/binary"
	"math"
)

// Tried is the set of the configurations that trials of a study have, whatever
// became of them. It is safe for concurrent use.
type Tried struct {
	space Space
	keys  map[string]bool
}

// TriedIn returns the configurations of the trials other than number except (-1:
// of all). Those of an earlier study, which have numbers below 0, do not count:
// they may be tried again.
func TriedIn(trials []*Trial, except int, space Space) Tried {
	tried := Tried{space: space, keys: make(map[string]bool, len(trials))}
	for _, t := range trials {
		if t.Number >= 0 && t.Number != except {
			tried.keys[ConfigKey(space, t.Params)] = true
		}
	}
	return tried
}

// Has reports whether a trial has these parameters, given by their internal
// values.
func (t Tried) Has(params map[string]float64) bool { return t.keys[ConfigKey(t.space, params)] }

// ConfigKey returns a text that is equal for equal configurations of a space,
// given by their internal values. Other parameters do not count.
func ConfigKey(space Space, params map[string]float64) string {
	key := make([]byte, 0, 9*len(space))
	for _, p := range space {
		v, ok := params[p.Name]
		if !ok {
			key = append(key, 0)
			continue
		}
		key = append(key, 1)
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v+0)) // +0: -0 equals 0
	}
	return string(key)
}

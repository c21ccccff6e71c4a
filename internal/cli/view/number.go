package view

import (
	"encoding/json"
	"math"
	"time"
)

// A Number is a float64 that is null in JSON when it is not finite: JSON has
// no NaN.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// numbers converts measured values; the result is never nil, so that JSON
// has {} rather than null.
func numbers(m map[string]float64) map[string]Number {
	out := make(map[string]Number, len(m))
	for name, v := range m {
		out[name] = Number(v)
	}
	return out
}

// moment returns nil, JSON's null, for a time that has not come.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

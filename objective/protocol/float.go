package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Float is a float64 that survives JSON when it is NaN or infinite: it is
// then written as "NaN", "Infinity" or "-Infinity". null is read as NaN, a
// number beyond the range of float64 as an infinity.
type Float float64

// Value returns a pointer to v, for [Result].
func Value(v float64) *Float {
	f := Float(v)
	return &f
}

// MarshalJSON implements [json.Marshaler].
func (f Float) MarshalJSON() ([]byte, error) {
	switch v := float64(f); {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(v)
	}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *Float) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"NaN"`, "null":
		*f = Float(math.NaN())
		return nil
	case `"Infinity"`:
		*f = Float(math.Inf(1))
		return nil
	case `"-Infinity"`:
		*f = Float(math.Inf(-1))
		return nil
	}
	v, err := strconv.ParseFloat(string(data), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s is not a number", excerpt(data))
	}
	*f = Float(v)
	return nil
}

// Metrics are measured values by name; NaN and infinities survive.
type Metrics map[string]float64

// MarshalJSON implements [json.Marshaler].
func (m Metrics) MarshalJSON() ([]byte, error) {
	floats := make(map[string]Float, len(m))
	for name, v := range m {
		floats[name] = Float(v)
	}
	return json.Marshal(floats)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Metrics) UnmarshalJSON(data []byte) error {
	var floats map[string]Float
	if err := json.Unmarshal(data, &floats); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	*m = nil
	if floats != nil {
		*m = make(Metrics, len(floats))
	}
	for name, v := range floats {
		(*m)[name] = float64(v)
	}
	return nil
}

// bareTokens are the values outside JSON that Python's json module writes.
var bareTokens = [][]byte{[]byte("NaN"), []byte("Infinity"), []byte("-Infinity")}

// QuoteBare puts quotes around bare NaN and infinities outside strings, so
// that [Float] and [Metrics] can read them. A line without any is returned as
// it is.
func QuoteBare(line []byte) []byte {
	if !bytes.Contains(line, bareTokens[0]) && !bytes.Contains(line, bareTokens[1]) {
		return line
	}
	out := make([]byte, 0, len(line)+16)
	inString := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case inString && c == '\\' && i+1 < len(line):
			out = append(out, c, line[i+1])
			i++
			continue
		case c == '"':
			inString = !inString
		case !inString:
			if token := bareToken(line[i:]); token != nil {
				out = append(out, '"')
				out = append(out, token...)
				out = append(out, '"')
				i += len(token) - 1
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

func bareToken(rest []byte) []byte {
	for _, token := range bareTokens {
		if bytes.HasPrefix(rest, token) {
			return token
		}
	}
	return nil
}

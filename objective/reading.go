package objective

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

// A reading is what a line on the standard output of a plain program says.
type reading struct {
	value   float64
	metrics map[string]float64 // the value included, under the metric's name
	step    *int               // of an intermediate value; nil for a final one
}

// readLine reads a line that is a number, or a JSON object with the metric by
// its name or as "value". It returns false for any other line.
func readLine(line []byte, metric string) (reading, bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return reading{}, false
	}
	if line[0] != '{' {
		v, err := strconv.ParseFloat(string(line), 64)
		return reading{value: v, metrics: map[string]float64{metric: v}}, err == nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(protocol.QuoteBare(line), &fields) != nil {
		return reading{}, false
	}
	r := reading{metrics: make(map[string]float64, len(fields))}
	for name, text := range fields {
		var v protocol.Float
		if name == "step" {
			var step int
			if json.Unmarshal(text, &step) == nil {
				r.step = &step
			}
		} else if json.Unmarshal(text, &v) == nil {
			r.metrics[name] = float64(v)
		}
	}
	v, ok := r.metrics[metric]
	if !ok {
		v, ok = r.metrics["value"]
		delete(r.metrics, "value")
	}
	if !ok {
		return reading{}, false
	}
	r.value, r.metrics[metric] = v, v
	return r, true
}

// isHello reports whether a line begins the protocol.
func isHello(line []byte) bool {
	m, err := protocol.Decode(line)
	if err != nil {
		return false
	}
	_, ok := m.(protocol.Hello)
	return ok
}

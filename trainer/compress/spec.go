package compress

import (
	"fmt"
	"strconv"
	"strings"
)

// A Spec says how to compress; the zero value does nothing.
type Spec struct {
	Sparsity float64 // share of the encoder's matrix weights set to zero; 0: no pruning
	Int8     bool    // quantize to int8
}

// Any reports whether there is anything to do.
func (s Spec) Any() bool { return s.Sparsity > 0 || s.Int8 }

// ParseSpec reads `magnitude:S` with S in (0, 1), and `int8`; "" means no
// such step.
func ParseSpec(prune, quantize string) (Spec, error) {
	var spec Spec
	if prune != "" {
		share, ok := strings.CutPrefix(prune, "magnitude:")
		v, err := strconv.ParseFloat(share, 64)
		if !ok || err != nil || !(v > 0 && v < 1) {
			return Spec{}, fmt.Errorf("prune %q: want magnitude:S with S between 0 and 1, such as magnitude:0.5", prune)
		}
		spec.Sparsity = v
	}
	switch quantize {
	case "":
	case "int8":
		spec.Int8 = true
	default:
		return Spec{}, fmt.Errorf("quantize %q: want int8", quantize)
	}
	return spec, nil
}

package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// A FreezeKind names a freezing strategy.
type FreezeKind string

// The freezing strategies.
const (
	FreezeNone       FreezeKind = "none"         // everything is trained
	FreezeEmbeddings FreezeKind = "embeddings"   // the embeddings, with their LayerNorm, are kept
	FreezeBottom     FreezeKind = "bottom"       // the embeddings and the lowest Layers layers are kept
	FreezeAllButHead FreezeKind = "all-but-head" // the whole encoder is kept
)

var freezeForms = []string{"none", "embeddings", "bottom-K", "all-but-head"}

// Freeze says which parameters of the encoder keep their pretrained values.
// The zero value is not valid; "none" is a strategy like the others.
type Freeze struct {
	Kind   FreezeKind
	Layers int // of FreezeBottom: at least 1
}

// ParseFreeze reads none, embeddings, bottom-K (K at least 1) or all-but-head.
func ParseFreeze(s string) (Freeze, error) {
	switch k := FreezeKind(s); k {
	case FreezeNone, FreezeEmbeddings, FreezeAllButHead:
		return Freeze{Kind: k}, nil
	}
	digits, ok := strings.CutPrefix(s, "bottom-")
	if !ok {
		return Freeze{}, fmt.Errorf("unknown freezing strategy %q: use %s", s, strings.Join(freezeForms, ", "))
	}
	k, err := strconv.Atoi(digits)
	if err != nil || strconv.Itoa(k) != digits || k < 0 {
		return Freeze{}, fmt.Errorf("freezing strategy %q: what follows bottom- must be a number of layers, as in bottom-4", s)
	}
	if k == 0 {
		return Freeze{}, fmt.Errorf("freezing strategy %q freezes no layer: use embeddings, which freezes the embeddings alone", s)
	}
	return Freeze{Kind: FreezeBottom, Layers: k}, nil
}

// String returns what ParseFreeze reads.
func (f Freeze) String() string {
	if f.Kind == FreezeBottom {
		return "bottom-" + strconv.Itoa(f.Layers)
	}
	return string(f.Kind)
}

// Fits returns an error when the strategy cannot be applied to an encoder
// with that many layers.
func (f Freeze) Fits(layers int) error {
	if f.Kind == FreezeBottom && f.Layers > layers {
		return fmt.Errorf("freeze: %s, but the model has %d layers: use at most bottom-%d, or all-but-head", f, layers, layers)
	}
	return nil
}

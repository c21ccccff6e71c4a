package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// A FreezeKind names a freezing strategy.
type FreezeKind string

// The freezing strategies. The head is what stands on top of the network: it
// is always trained.
const (
	FreezeNone       FreezeKind = "none"         // everything is trained
	FreezeEmbeddings FreezeKind = "embeddings"   // the embeddings, with their LayerNorm, are kept
	FreezeBottom     FreezeKind = "bottom"       // the embeddings and the lowest N layers are kept
	FreezePercent    FreezeKind = "percent"      // the lowest N % of the parameters are kept
	FreezeAllButHead FreezeKind = "all-but-head" // the whole network is kept
	// FreezeGradual begins with the head and adds block after block from the
	// top (Howard and Ruder 2018, ULMFiT, section 3.3).
	FreezeGradual FreezeKind = "gradual"
	// FreezeLPFT trains the head first and then everything (Kumar et al. 2022).
	FreezeLPFT FreezeKind = "lp-ft"
	// FreezeBiasOnly trains the biases (Ben Zaken et al. 2022, BitFit), those
	// of LayerNorm among them.
	FreezeBiasOnly FreezeKind = "bias-only"
	// FreezeNormOnly trains the weights and biases of LayerNorm; in a network
	// of convolutions, those of batch normalization (Frankle et al. 2021).
	FreezeNormOnly FreezeKind = "layernorm-only"
	// FreezeLoRA keeps the network and trains a product of two matrices of rank
	// N beside the query's and the value's weight in each layer (Hu et al. 2021).
	FreezeLoRA FreezeKind = "lora"
)

// Where the outputs of frozen layers are kept: the values of prefix_cache.
const (
	PrefixAuto   = "auto"
	PrefixOff    = "off"
	PrefixMemory = "memory"
	PrefixDisk   = "disk"
)

// numbered are the strategies with a number after a dash.
var numbered = map[FreezeKind]struct {
	form, what, example string
	most                int
}{
	FreezeBottom:  {"bottom-K", "a number of layers", "bottom-4", 10000},
	FreezePercent: {"percent-P", "a percentage from 1 to 99", "percent-60", 99},
	FreezeLoRA:    {"lora-R", "a rank from 1 to 1024", "lora-8", 1024},
}

var freezeForms = []string{
	"none", "embeddings", "bottom-K", "percent-P", "all-but-head", "gradual", "lp-ft", "bias-only", "layernorm-only", "lora-R",
}

// Freeze says which parameters of a network keep their pretrained values.
// The zero value is not valid; "none" is a strategy like the others.
type Freeze struct {
	Kind FreezeKind
	// N is the number of layers of FreezeBottom, the percentage of
	// FreezePercent and the rank of FreezeLoRA: at least 1. 0 for the others.
	N int
}

// ParseFreeze reads one of the forms of the setting.
func ParseFreeze(s string) (Freeze, error) {
	switch k := FreezeKind(s); k {
	case FreezeNone, FreezeEmbeddings, FreezeAllButHead, FreezeGradual, FreezeLPFT, FreezeBiasOnly, FreezeNormOnly:
		return Freeze{Kind: k}, nil
	}
	dash := strings.LastIndex(s, "-")
	if dash < 0 {
		return Freeze{}, unknownFreeze(s)
	}
	kind, digits := FreezeKind(s[:dash]), s[dash+1:]
	form, ok := numbered[kind]
	if !ok {
		return Freeze{}, unknownFreeze(s)
	}
	n, err := strconv.Atoi(digits)
	if err != nil || strconv.Itoa(n) != digits || n < 0 || n > form.most {
		return Freeze{}, fmt.Errorf("freezing strategy %q: what follows %s- must be %s, as in %s", s, kind, form.what, form.example)
	}
	if n > 0 {
		return Freeze{Kind: kind, N: n}, nil
	}
	switch kind {
	case FreezeBottom:
		return Freeze{}, fmt.Errorf("freezing strategy %q freezes no layer: use embeddings, which freezes the embeddings alone", s)
	case FreezePercent:
		return Freeze{}, fmt.Errorf("freezing strategy %q freezes nothing: use none", s)
	}
	return Freeze{}, fmt.Errorf("freezing strategy %q trains nothing in the network: use all-but-head", s)
}

func unknownFreeze(s string) error {
	return fmt.Errorf("unknown freezing strategy %q: use %s", s, strings.Join(freezeForms, ", "))
}

// String returns what ParseFreeze reads.
func (f Freeze) String() string {
	if _, ok := numbered[f.Kind]; ok {
		return string(f.Kind) + "-" + strconv.Itoa(f.N)
	}
	return string(f.Kind)
}

// An Anatomy is what a network has for a strategy to take hold of.
type Anatomy struct {
	Layers     int // above the embeddings
	Embeddings bool
	Biases     bool
	Norms      bool  // LayerNorm, or batch normalization
	Attention  int64 // the least side of its query and value matrices; 0: it has none
}

// Transformer returns the anatomy of a transformer of texts of that many
// layers and that width.
func Transformer(layers int, width int64) Anatomy {
	return Anatomy{Layers: layers, Embeddings: true, Biases: true, Norms: true, Attention: width}
}

// Anatomy returns that of a network that is described; false for a folder, and
// for a description that is not whole.
func (m Model) Anatomy() (Anatomy, bool) {
	switch {
	case m.Kind == ModelMLP && len(m.Hidden) > 0:
		return Anatomy{Layers: len(m.Hidden), Biases: true}, true
	case m.Kind == ModelConv4:
		return Anatomy{Layers: conv4Layers, Biases: true, Norms: true}, true
	case m.Kind == ModelBERT && m.Layers > 0 && len(m.Hidden) == 1:
		return Transformer(m.Layers, m.Hidden[0]), true
	}
	return Anatomy{}, false
}

const conv4Layers = 4

// NeedsHead reports whether the strategy begins, or stays, with nothing of the
// network: something must stand on top of it then.
func (f Freeze) NeedsHead(a Anatomy) bool {
	switch f.Kind {
	case FreezeAllButHead, FreezeGradual, FreezeLPFT:
		return true
	case FreezeBottom:
		return f.N >= a.Layers
	}
	return false
}

// Fits returns an error when the strategy cannot be applied to such a network.
func (f Freeze) Fits(a Anatomy) error {
	if why := f.Misfit(a); why != "" {
		return fmt.Errorf("freeze: %s, but %s", f, why)
	}
	return nil
}

// Misfit says why the strategy cannot be applied to such a network, and what to
// use instead; "" when it can. Strategies that fail alike have the same words.
func (f Freeze) Misfit(a Anatomy) string {
	lacks := func(what string) string {
		return fmt.Sprintf("the model has no %s: use none, all-but-head, bottom-K or percent-P", what)
	}
	switch {
	case f.Kind == FreezeBottom && f.N > a.Layers && a.Layers == 1:
		return "the model has 1 layer: use bottom-1, or all-but-head"
	case f.Kind == FreezeBottom && f.N > a.Layers:
		return fmt.Sprintf("the model has %d layers: use at most bottom-%d, or all-but-head", a.Layers, a.Layers)
	case f.Kind == FreezeEmbeddings && !a.Embeddings:
		return lacks("embeddings")
	case f.Kind == FreezeBiasOnly && !a.Biases:
		return lacks("biases")
	case f.Kind == FreezeNormOnly && !a.Norms:
		return lacks("LayerNorm or batch normalization")
	case f.Kind == FreezeLoRA && a.Attention == 0:
		return lacks("attention")
	case f.Kind == FreezeLoRA && int64(f.N) > a.Attention:
		return fmt.Sprintf("the model's query and value matrices have only %d rows: use at most lora-%d", a.Attention, a.Attention)
	}
	return ""
}

// Alpha returns the multiple alpha of LoRA's products, which count alpha / N
// times: twice the rank where it was not set.
func (c *Config) Alpha() float64 {
	if c.LoRAAlpha > 0 {
		return c.LoRAAlpha
	}
	return 2 * float64(c.Freeze.N)
}

package export

import (
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

func TestCheckSpecs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ prune, quantize, want string }{
		{"", "", ""},
		{"magnitude:0.5", "int8", ""},
		{"magnitude", "", "--prune"},
		{"magnitude:", "", "--prune"},
		{"magnitude:0", "", "between 0 and 1"},
		{"magnitude:1", "", "between 0 and 1"},
		{"magnitude:NaN", "", "between 0 and 1"},
		{"random:0.5", "", "use magnitude:S"},
		{"", "int4", "use int8"},
	} {
		err := checkSpecs(test.prune, test.quantize)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("prune %q, quantize %q: error %v, want %q", test.prune, test.quantize, err, test.want)
		}
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	if got := threads(&search.Trial{Metrics: map[string]float64{"threads": 3}}, 2); got != 3 {
		t.Errorf("threads = %d, want the trial's own 3", got)
	}
	if got := threads(&search.Trial{}, 1<<20); got != 1 {
		t.Errorf("threads = %d, want at least 1", got)
	}
}

// TestExamplesOf: what is advised after an export can be typed.
func TestExamplesOf(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"sinusoid": "", "images": "FOLDER", "jsonl": "FILE.jsonl", "wordnet": "FILE.jsonl"} {
		def := &search.Definition{Train: map[string]any{"tasks": map[string]any{"kind": kind}}}
		if got := examplesOf(def); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

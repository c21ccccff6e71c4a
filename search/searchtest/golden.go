package searchtest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hpsearch/hpsearch/search"
)

var update = flag.Bool("searchtest.update", false, "write the golden files anew")

// Golden compares the parameters of a history with those in a JSON file, an
// array with one object a trial. A difference means that users' seeds give
// other trials than before: write the file anew (go test -args -searchtest.update) only when
// that is meant, and say so in the change log.
//
// Values may differ in the last digits, since math.Exp and math.Log do so
// between processors.
func Golden(t *testing.T, h *search.History, path string) {
	t.Helper()
	got := make([]map[string]float64, len(h.Trials))
	for i, trial := range h.Trials {
		got[i] = trial.Params
	}
	if *update {
		writeGolden(t, path, got)
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]float64
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("suggestions changed (-%s +now):\n%s", path, diff)
	}
}

func writeGolden(t *testing.T, path string, params []map[string]float64) {
	t.Helper()
	data, err := json.MarshalIndent(params, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

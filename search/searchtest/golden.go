package searchtest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hpsearch/hpsearch/search"
)

var update = flag.Bool("searchtest.update", false, "write the golden files anew")

// Golden compares the parameters of a history with those in a JSON file, an
// array with one object a trial. A difference means that users' seeds give
// other trials than before: write the file anew (go test -args
// -searchtest.update) only when that is meant, and say so in the change log.
//
// Values may differ in the last digits, since math.Exp and math.Log do so
// between processors. On other processors than amd64 the test is skipped: there
// the compiler may fuse a product and a sum, whose last digit then decides
// between two candidates that are nearly as good, and the trials after that are
// other ones. What holds everywhere, that a seed gives the same trials again on
// the same machine, is tested by [Suite].
func Golden(t *testing.T, h *search.History, path string) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skipf("the golden trials are those of amd64, not of %s", runtime.GOARCH)
	}
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

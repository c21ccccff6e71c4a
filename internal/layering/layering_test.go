package layering

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/hpsearch/hpsearch"
	gotch  = "github.com/sugarme/gotch"
)

// list runs go list in the module's root and returns its lines.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// below reports whether a package is the folder of the module or lies in it.
func below(pkg, folder string) bool {
	root := module + "/" + folder
	return pkg == root || strings.HasPrefix(pkg, root+"/")
}

// The folders of the module, and which others they may import.
var layers = map[string][]string{
	"search":    {"search"},
	"storage":   {"storage", "search"},
	"objective": {"objective", "search"},
	"trainer":   {"trainer", "objective/protocol"},
	"studies":   {},
}

func TestLayers(t *testing.T) {
	t.Parallel()
	for _, line := range list(t, "-e", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		pkg, imports, _ := strings.Cut(line, " ")
		for folder, allowed := range layers {
			if !below(pkg, folder) {
				continue
			}
			for _, imported := range strings.Fields(imports) {
				ours := strings.HasPrefix(imported, module)
				if ours && !slices.ContainsFunc(allowed, func(layer string) bool { return below(imported, layer) }) {
					t.Errorf("%s imports %s; %s may import only %v of this module", pkg, imported, folder, allowed)
				}
			}
		}
	}
}

// The protocol is what the two programs share: it depends on neither.
func TestProtocolStandsAlone(t *testing.T) {
	t.Parallel()
	for _, imported := range list(t, "-f", `{{join .Imports "\n"}}`, "./objective/protocol") {
		if strings.HasPrefix(imported, module) {
			t.Errorf("objective/protocol imports %s", imported)
		}
	}
}

func TestOnlyTensorImportsGotch(t *testing.T) {
	t.Parallel()
	for _, line := range list(t, "-e", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		pkg, imports, _ := strings.Cut(line, " ")
		if strings.Contains(imports, gotch) && pkg != module+"/trainer/tensor" {
			t.Errorf("%s imports gotch; only trainer/tensor may", pkg)
		}
	}
}

func TestHpsearchIsPureGo(t *testing.T) {
	t.Parallel()
	for _, pkg := range list(t, "-deps", "./cmd/hpsearch") {
		if strings.HasPrefix(pkg, gotch) || below(pkg, "trainer/tensor") {
			t.Errorf("hpsearch depends on %s, which needs libtorch", pkg)
		}
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(t.TempDir(), "hpsearch"), "./cmd/hpsearch")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("hpsearch does not build without cgo: %v\n%s", err, out)
	}
}

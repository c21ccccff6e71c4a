package interop_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// python returns the Python that has Optuna.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HPSEARCH_TEST_OPTUNA")
	if path == "" {
		t.Skip("HPSEARCH_TEST_OPTUNA names no Python with Optuna; make test sets it to that of scripts/fetch-optuna.sh")
	}
	return path
}

// peer prepares testdata/peer.py with its arguments.
func peer(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), python(t), append([]string{"testdata/peer.py"}, args...)...)
}

// output runs a command and returns what it printed.
func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, out, stderr.Bytes())
	}
	return out
}

// decode reads JSON; numbers stay exact.
func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}

// site is a folder with a database in it or beside it, from which hpsearch
// is run.
type site struct {
	dir string
	url string // of the database, as hpsearch reads it
	sql string // the same, as SQLAlchemy reads it
}

// hpsearch prepares the command in the site's folder.
func (s *site) hpsearch(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "hpsearch", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "HPSEARCH_STORAGE="+s.url, "HPSEARCH_TRAINER="+exporterPath(t))
	return cmd
}

// create makes a study of a file's text.
func (s *site) create(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.dir, name+".yaml")
	if err := os.WriteFile(path, []byte("version: 1\nname: "+name+"\n"+text), 0o666); err != nil {
		t.Fatal(err)
	}
	output(t, s.hpsearch(t, "study", "create", "-f", path))
}

// peerStudy is what `peer.py dump` prints.
type peerStudy struct {
	Directions []string
	Metrics    []string
	Best       *int
	Trials     []peerTrial
}

type peerTrial struct {
	Number        int
	State         string
	Params        map[string]any
	Distributions map[string]json.RawMessage
	Values        []any
	Intermediate  map[string]any
	Start         *string
	Complete      *string
	Fixed         map[string]any
	Attrs         map[string]any
}

func (s *site) dump(t *testing.T, study string) peerStudy {
	t.Helper()
	var p peerStudy
	decode(t, output(t, peer(t, "dump", s.sql, study)), &p)
	return p
}

// exporterPath is where the stand-in for the trainer is.
func exporterPath(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("exporter")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

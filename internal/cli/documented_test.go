package cli_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// program writes the n-th Python program of a page of the documentation into a
// file.
func program(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: program page n file")
	}
	page, err := os.ReadFile(filepath.Join("../../docs", args[0]))
	ts.Check(err)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	blocks := strings.Split(string(page), "\n```python\n")
	if n < 1 || n >= len(blocks) {
		ts.Fatalf("%s has %d programs, no %d", args[0], len(blocks)-1, n)
	}
	text, _, _ := strings.Cut(blocks[n], "\n```\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text+"\n"), 0o666))
}

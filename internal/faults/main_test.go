package faults

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hpsearch/hpsearch/internal/cli"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestMain lets the test binary stand for hpsearch and for the trainer.
func TestMain(m *testing.M) {
	testscript.Main(servers{m}, map[string]func(){
		"hpsearch": func() { os.Exit(cli.Main()) },
		"simtrain": func() { os.Exit(serve(os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// servers closes the database servers that the tests have shared.
type servers struct{ m *testing.M }

func (s servers) Run() int { return dbtest.Run(s.m) }

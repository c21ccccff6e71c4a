// Command hpsearch-trainer is the data plane of hpsearch. Workers start it
// with `serve` and speak JSON lines with it; people use `pretrain` and
// `doctor`.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/hpsearch/hpsearch/trainer"
	"github.com/hpsearch/hpsearch/trainer/pretrain"
)

// version is set by the build.
var version = "dev"

const usage = `hpsearch-trainer runs meta-training on libtorch for hpsearch.

Usage:
  hpsearch-trainer pretrain  train a small BERT on plain text; pretrain --help
  hpsearch-trainer serve     speak the trainer's protocol on stdin and stdout
  hpsearch-trainer doctor    describe libtorch and what is wrong with it, as JSON
  hpsearch-trainer version
`

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run executes a command line and returns the exit code.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	if len(args) > 0 && args[0] == "pretrain" {
		return pretrain.Command(args[1:], out, errOut)
	}
	command := ""
	if len(args) == 1 {
		command = args[0]
	}
	var err error
	switch command {
	case "serve":
		err = serve(in, out)
	case "doctor":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(trainer.Doctor(context.Background()))
	case "version":
		_, err = fmt.Fprintln(out, version)
	case "help", "-h", "--help":
		_, err = fmt.Fprint(out, usage)
	default:
		fmt.Fprint(errOut, usage)
		return exitUsage
	}
	if err != nil {
		fmt.Fprintln(errOut, "hpsearch-trainer:", err)
		return exitFailed
	}
	return exitOK
}

func serve(in io.Reader, out io.Writer) error {
	// A Ctrl-C on the terminal is for the worker, which then tells us. A
	// worker that is gone must not end us before the checkpoint is written:
	// without this, writing to its closed pipe would.
	signal.Ignore(os.Interrupt, syscall.SIGPIPE)
	return trainer.Serve(in, out, version)
}

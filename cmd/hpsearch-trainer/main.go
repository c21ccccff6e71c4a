// Command hpsearch-trainer is the data plane of hpsearch. Workers start it
// with `serve` and speak JSON lines with it; people need `doctor` at most.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/hpsearch/hpsearch/trainer"
)

// version is set by the build.
var version = "dev"

const usage = `hpsearch-trainer runs meta-training on libtorch for hpsearch.

Usage:
  hpsearch-trainer serve     speak the trainer's protocol on stdin and stdout
  hpsearch-trainer doctor    describe libtorch and what is wrong with it, as JSON
  hpsearch-trainer version
`

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hpsearch-trainer:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	switch args[0] {
	case "serve":
		// A Ctrl-C on the terminal is for the worker, which then tells us.
		signal.Ignore(os.Interrupt)
		return trainer.Serve(in, out, version)
	case "doctor":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(trainer.Doctor(context.Background()))
	case "version":
		fmt.Fprintln(out, version)
		return nil
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
		return nil
	}
	fmt.Fprint(os.Stderr, usage)
	os.Exit(2)
	return nil
}

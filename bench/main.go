package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// Goals, from the project's requirements.
const startGoalMS = 30

func main() {
	var o options
	flag.StringVar(&o.hpsearch, "hpsearch", "bin/hpsearch", "the program whose start is timed")
	flag.StringVar(&o.step, "step", "", "the program bench/step")
	flag.StringVar(&o.peer, "peer", "", "Python that has torch; empty: no comparison")
	flag.StringVar(&o.model, "model", "", "folder of all-MiniLM-L6-v2")
	flag.IntVar(&o.starts, "starts", 20, "how often the start is timed")
	flag.IntVar(&o.pairs, "pairs", 5, "how many pairs of training runs")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	hpsearch, step, peer, model string
	starts, pairs               int
}

func run(o options) error {
	if o.starts < 1 || o.pairs < 1 {
		return fmt.Errorf("-starts and -pairs must be at least 1")
	}
	dir, err := os.MkdirTemp("", "hpsearch-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := filepath.Abs(o.hpsearch)
	if err != nil {
		return err
	}
	ms, err := timeStarts(program, dir, o.starts)
	if err != nil {
		return err
	}
	fmt.Printf("start of `hpsearch study list`: %.1f ms, median of %d (goal: under %d)\n", median(ms), o.starts, startGoalMS)
	return compareSteps(o)
}

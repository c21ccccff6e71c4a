package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// options are what the command line says.
type options struct {
	omniglot string // folder or file of the background set; "": none
	keep     string // folder of the rows that were measured
	out      string // the page
	device   string
	threads  int
	model    string // folder of all-MiniLM-L6-v2; "": none
	hpsearch string // the program
	wordnet  string // folder of WordNet's data files; "": none
}

func main() {
	var o options
	only := flag.String("only", "", "rows to measure, by name, with commas; all that are missing when empty")
	again := flag.Bool("again", false, "measure rows that were measured before, too")
	page := flag.Bool("page", false, "measure nothing, write the page of what was measured before")
	list := flag.Bool("list", false, "print the names of the rows and end")
	flag.StringVar(&o.omniglot, "omniglot", os.Getenv("OMNIGLOT"), "Omniglot's background set: IDX files, or images_background (default: $OMNIGLOT)")
	flag.StringVar(&o.keep, "keep", ".build/bench-train", "folder that keeps what was measured")
	flag.StringVar(&o.out, "out", "docs/benchmarks/training.md", "the page to write")
	flag.StringVar(&o.device, "device", "cpu", "cpu or cuda")
	flag.IntVar(&o.threads, "threads", 1, "threads of a training on the CPU")
	flag.StringVar(&o.model, "model", "", "folder of all-MiniLM-L6-v2")
	flag.StringVar(&o.hpsearch, "hpsearch", "bin/hpsearch", "the program hpsearch, with hpsearch-trainer beside it")
	flag.StringVar(&o.wordnet, "wordnet", "", "folder of WordNet's data files")
	flag.Parse()
	var err error
	switch {
	case *list:
		printRows()
	case *page:
		err = writePage(o)
	default:
		err = run(o, *only, *again)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/train:", err)
		os.Exit(1)
	}
}

func printRows() {
	for _, r := range rows {
		fmt.Printf("%-22s %s\n", r.name, r.what)
	}
}

// run measures the rows that are named, or those that are missing, and writes
// the page.
func run(o options, only string, again bool) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	var failures []error
	for _, r := range chosen {
		if err := r.measureUnlessKept(o, again || only != ""); err != nil {
			fmt.Fprintf(os.Stderr, "  %v\n", err) // now, and once more in the end
			failures = append(failures, fmt.Errorf("%s: %w", r.name, err))
		}
	}
	return errors.Join(append(failures, writePage(o))...)
}

// choose returns the rows of a list of names, or all.
func choose(only string) ([]row, error) {
	if only == "" {
		return rows, nil
	}
	var chosen []row
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no row %q: -list prints them", name)
		}
		chosen = append(chosen, rows[i])
	}
	return chosen, nil
}

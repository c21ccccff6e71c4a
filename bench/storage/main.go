package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

type options struct {
	python, script, hpsearch, out, folder string
	scale                                 float64
	only                                  string
}

func main() {
	var o options
	flag.StringVar(&o.python, "python", "", "Python that has Optuna; empty: no comparison")
	flag.StringVar(&o.script, "peer", "bench/peer/optuna_storage.py", "the peer's script")
	flag.StringVar(&o.hpsearch, "hpsearch", "bin/hpsearch", "the program, for the list of studies")
	flag.StringVar(&o.out, "out", "", "Markdown file to write; empty: standard output")
	flag.StringVar(&o.folder, "folder", "", "where databases are made; empty: the folder for temporary files")
	flag.Float64Var(&o.scale, "scale", 1, "share of the work to do, for a quick look")
	flag.StringVar(&o.only, "only", "", "one measurement: rates, statements, growth, ask or list")
	child := flag.String("child", "", "run trials on the storage of this URL, as one of several processes")
	number := flag.Int("trials", 0, "how many trials a child runs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if *child != "" {
		err = runChild(ctx, *child, *number)
	} else {
		err = run(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything, in a folder that is removed.
func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.folder, "hpsearch-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, dir: dir}
	var report bytes.Buffer
	b.head(&report)
	for _, part := range []struct {
		name    string
		measure func(context.Context, *bytes.Buffer) error
	}{
		{"rates", b.rates}, {"statements", b.statements}, {"growth", b.growth}, {"ask", b.ask}, {"list", b.list},
	} {
		if o.only != "" && o.only != part.name {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", part.name)
		if err := part.measure(ctx, &report); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if o.out == "" {
		_, err = os.Stdout.Write(report.Bytes())
		return err
	}
	return os.WriteFile(o.out, report.Bytes(), 0o644)
}

type bench struct {
	options
	dir string // for databases
}

// scaled returns the share of n that is to be done.
func (b *bench) scaled(n int) int { return max(10, int(b.scale*float64(n))) }

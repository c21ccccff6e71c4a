// Command front measures the samplers for several objectives beside Optuna's:
// the share of the Pareto front's hypervolume that is dominated after 100, 250
// and 1,000 trials of the functions in package searchtest, as the median over
// seeds.
//
//	go run ./bench/front -python .build/optuna/bin/python
//
// `make bench-search` makes that Python. Without one, only our samplers are
// measured. Optuna is asked and told by a process of its own; the functions are
// evaluated here, for both.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// lengths are the numbers of trials after which the front is looked at.
var lengths = []int{100, 250, 1000}

// theirs begins the names of Optuna's samplers, and slow is the one that is
// run for the first lengths only: its time grows with the square of the
// trials.
const (
	theirs = "optuna-"
	slow   = "optuna-tpe"
)

func main() {
	python := flag.String("python", "", "Python that has Optuna; empty: no comparison")
	script := flag.String("peer", "bench/peer/optuna_front.py", "the peer's script")
	samplers := flag.String("samplers", "nsga2,qmc,random,optuna-nsga2", "what to measure; optuna-tpe takes minutes a study")
	seeds := flag.Int("seeds", 10, "studies of each sampler on each function")
	flag.Parse()
	if err := run(os.Stdout, *python, *script, strings.Split(*samplers, ","), *seeds); err != nil {
		fmt.Fprintln(os.Stderr, "bench/front:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, python, script string, samplers []string, seeds int) error {
	if seeds < 1 {
		return fmt.Errorf("-seeds %d: want at least 1", seeds)
	}
	var optuna *peer
	if python != "" {
		var err error
		if optuna, err = startPeer(python, script); err != nil {
			return err
		}
		defer optuna.End()
		fmt.Fprintf(out, "Optuna %s, median of %d seeds\n\n", optuna.version, seeds)
	}
	fmt.Fprintln(out, "| function | sampler | 100 trials | 250 | 1,000 |\n|---|---|---|---|---|")
	for _, t := range append(searchtest.Tradeoffs(), searchtest.ZDT(1, 30)) {
		for _, sampler := range samplers {
			if optuna == nil && strings.HasPrefix(sampler, theirs) {
				continue
			}
			shares, err := measure(optuna, sampler, t, seeds)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", sampler, t.Name, err)
			}
			fmt.Fprintf(out, "| %s, %d parameters | %s | %s |\n", t.Name, len(t.Space), sampler, strings.Join(shares, " | "))
		}
	}
	return nil
}

// measure returns the median shares after each of the lengths.
func measure(optuna *peer, sampler string, t searchtest.Tradeoff, seeds int) ([]string, error) {
	limit := lengths[len(lengths)-1]
	if sampler == slow {
		limit = lengths[1]
	}
	all := make([][]float64, len(lengths))
	for seed := range int64(seeds) {
		h, err := study(optuna, sampler, seed, t, limit)
		if err != nil {
			return nil, err
		}
		for i, n := range lengths {
			if n <= limit {
				all[i] = append(all[i], t.Share(h.Trials[:n]))
			}
		}
	}
	medians := make([]string, len(lengths))
	for i, shares := range all {
		medians[i] = "-"
		if n := len(shares); n > 0 {
			slices.Sort(shares)
			medians[i] = fmt.Sprintf("%.3f", (shares[(n-1)/2]+shares[n/2])/2)
		}
	}
	return medians, nil
}

// study runs one study of a sampler.
func study(optuna *peer, sampler string, seed int64, t searchtest.Tradeoff, trials int) (*search.History, error) {
	if kind, ok := strings.CutPrefix(sampler, theirs); ok {
		return optuna.study(kind, seed, t, trials)
	}
	s, err := kinds.NewSampler(search.SamplerSpec{Kind: sampler, Seed: seed})
	if err != nil {
		return nil, err
	}
	return searchtest.RunTradeoff(s, t, trials, 1)
}

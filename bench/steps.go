package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
)

// A result is what bench/step and bench/peer/step.py print.
type result struct {
	Torch           string  `json:"torch"`
	Threads         int     `json:"threads"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	FirstLoss       float64 `json:"first_loss"`
	LastLoss        float64 `json:"last_loss"`
}

// compareSteps runs the training step in Go and in Python in alternation.
func compareSteps(o options) error {
	if o.peer == "" {
		speeds := make([]float64, o.pairs)
		for i := range speeds {
			r, err := runStep(o.step, "-model", o.model)
			if err != nil {
				return err
			}
			speeds[i] = r.TokensPerSecond
		}
		fmt.Printf("training step in Go: %.0f tokens/s, median of %d runs\n", median(speeds), o.pairs)
		fmt.Println("training step in Python: skipped, no python3 with the same torch (Debian: apt-get install python3-torch)")
		return nil
	}
	var ours, theirs, ratios []float64
	for range o.pairs {
		g, err := runStep(o.step, "-model", o.model)
		if err != nil {
			return err
		}
		p, err := runStep(o.peer, "bench/peer/step.py", "--model", o.model)
		if err != nil {
			return err
		}
		if err := sameWork(g, p); err != nil {
			return err
		}
		ours, theirs = append(ours, g.TokensPerSecond), append(theirs, p.TokensPerSecond)
		ratios = append(ratios, p.TokensPerSecond/g.TokensPerSecond)
		if len(ratios) == 1 {
			fmt.Printf("BERT 6 x 384, batch 16 x 32, AdamW, libtorch %s, %d thread(s)\n", g.Torch, g.Threads)
		}
		fmt.Printf("  pair %d: Go %.0f tokens/s, Python %.0f tokens/s\n", len(ratios), g.TokensPerSecond, p.TokensPerSecond)
	}
	fmt.Printf("training step in Go: %.0f tokens/s, in Python: %.0f tokens/s (medians of %d runs)\n", median(ours), median(theirs), o.pairs)
	fmt.Printf("time of a step in Go / in Python: %.2f, median of %d pairs\n", median(ratios), o.pairs)
	return nil
}

func runStep(program string, args ...string) (result, error) {
	var r result
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("%v: what it printed: %w", cmd.Args, err)
	}
	if !(r.TokensPerSecond > 0) {
		return r, fmt.Errorf("%v: no speed in what it printed: %s", cmd.Args, out)
	}
	return r, nil
}

// number is the part of a version that names the release: Debian's 1.13.1
// calls itself 1.13.0 in C++ and 1.13.0a0 in Python.
var number = regexp.MustCompile(`^\d+\.\d+\.\d+`)

// maxLossDifference is relative: the two sum in another order, and 13 steps
// add up.
const maxLossDifference = 1e-4

// sameWork refuses to compare runs that did different things.
func sameWork(a, b result) error {
	switch {
	case number.FindString(a.Torch) != number.FindString(b.Torch):
		return fmt.Errorf("Go ran on libtorch %s, Python on %s", a.Torch, b.Torch)
	case a.Threads != b.Threads:
		return fmt.Errorf("Go ran with %d threads, Python with %d", a.Threads, b.Threads)
	}
	for _, l := range [][2]float64{{a.FirstLoss, b.FirstLoss}, {a.LastLoss, b.LastLoss}} {
		if !(math.Abs(l[0]-l[1]) <= maxLossDifference*math.Abs(l[1])) {
			return fmt.Errorf("the losses differ: Go %v to %v, Python %v to %v; the steps are not the same",
				a.FirstLoss, a.LastLoss, b.FirstLoss, b.LastLoss)
		}
	}
	return nil
}

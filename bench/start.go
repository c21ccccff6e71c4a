package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// timeStarts runs `hpsearch study list` on a storage of one study
// and returns the wall times in milliseconds.
func timeStarts(program, dir string, n int) ([]float64, error) {
	study := func(input string, args ...string) error {
		cmd := exec.Command(program, append([]string{"study", "--storage", "sqlite:///" + filepath.Join(dir, "bench.db")}, args...)...)
		cmd.Stdin = strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
		}
		return nil
	}
	const file = "{version: 1, name: bench, objective: {kind: external}, space: [{name: x, type: float, low: 0, high: 1}]}"
	if err := study(file, "create", "-f", "-", "--skip-if-exists"); err != nil { // warms the disk's cache too
		return nil, err
	}
	ms := make([]float64, n)
	for i := range ms {
		start := time.Now()
		if err := study("", "list"); err != nil {
			return nil, err
		}
		ms[i] = float64(time.Since(start)) / float64(time.Millisecond)
	}
	return ms, nil
}

// median returns the middle of the values, the mean of the two middle ones
// for an even number. There must be at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

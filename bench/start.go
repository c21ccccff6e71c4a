package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// timeStarts runs `hpsearch study list` on a storage that is there already
// and returns the wall times in milliseconds.
func timeStarts(program, dir string, n int) ([]float64, error) {
	list := func() error {
		cmd := exec.Command(program, "study", "list", "--storage", "sqlite:///"+filepath.Join(dir, "bench.db"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
		}
		return nil
	}
	if err := list(); err != nil { // creates the storage and warms the disk's cache
		return nil, err
	}
	ms := make([]float64, n)
	for i := range ms {
		start := time.Now()
		if err := list(); err != nil {
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

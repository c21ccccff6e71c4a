package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// syncTime is the median time of a write of 4 KB that waits for the disk, in a
// file of that folder: what a commit cannot be faster than.
func syncTime(dir string) (time.Duration, error) {
	const writes = 200
	file, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	page := make([]byte, 4096)
	times := make([]time.Duration, writes)
	for i := range times {
		start := time.Now()
		if _, err := file.WriteAt(page, int64(i%8)*int64(len(page))); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[writes/2], nil
}

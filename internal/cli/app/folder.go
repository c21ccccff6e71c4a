package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckTarget refuses a folder that a verb is to fill and that already holds
// something, before any work is done for it. It leaves nothing behind.
func CheckTarget(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("--to: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("--to: %s is not empty: name a new folder, or empty this one", dir)
	}
	if err := CheckWritable(dir); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	return nil
}

// CheckWritable reports whether files can be made in a folder, which need not
// exist: then it is the nearest folder above that counts. It leaves nothing
// behind.
func CheckWritable(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist) && filepath.Dir(abs) != abs:
		return CheckWritable(filepath.Dir(abs))
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file, not a folder", abs)
	}
	// Permission bits alone do not tell: there are read-only mounts, quotas
	// and access lists.
	probe, err := os.CreateTemp(abs, ".hpsearch-*")
	if err != nil {
		return fmt.Errorf("cannot write to %s: %w", abs, cause(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// cause drops the path from an error whose message has it already.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

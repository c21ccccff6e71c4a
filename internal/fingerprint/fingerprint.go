// Package fingerprint tells whether files are still what they were: first by
// what the file system says of them, and only where that differs by reading
// them.
package fingerprint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// A Source is files that belong together.
type Source struct {
	// Path is the file itself, or a folder above all files.
	Path string
	// Files are their paths, in a fixed order.
	Files []string
}

// Take describes a source as it is now. It reads every file.
func Take(ctx context.Context, s Source) (search.Input, error) {
	input, _, err := s.look()
	if err != nil {
		return search.Input{}, err
	}
	input.SHA256, err = s.hash(ctx)
	return input, err
}

// Changed reports whether a source is another than it was, and which of its
// files was written last. It reads the files only if the file system says that
// some may have changed and their sizes are the same.
func Changed(ctx context.Context, was search.Input, s Source) (changed bool, newest string, err error) {
	is, newest, err := s.look()
	switch {
	case err != nil:
		return false, "", err
	case is.Files != was.Files || is.Bytes != was.Bytes:
		return true, newest, nil
	case is.Stamp == was.Stamp:
		return false, newest, nil
	}
	sum, err := s.hash(ctx)
	return sum != was.SHA256, newest, err
}

// look describes a source by what the file system says, and names the file
// that was written last.
func (s Source) look() (input search.Input, newest string, err error) {
	input = search.Input{Path: s.Path, Files: len(s.Files)}
	stamp := sha256.New()
	var latest time.Time
	for _, path := range s.Files {
		info, err := os.Stat(path)
		if err != nil {
			return search.Input{}, "", err
		}
		input.Bytes += info.Size()
		written := info.ModTime()
		fmt.Fprintf(stamp, "%q %d %d\n", s.relative(path), info.Size(), written.UnixNano()) // to a hash, which never fails
		if newest == "" || written.After(latest) {
			newest, latest = path, written
		}
	}
	input.Stamp = hex.EncodeToString(stamp.Sum(nil)[:8])
	return input, newest, nil
}

// hash returns the SHA-256 of the files' names, below the source's path, and
// contents, in hexadecimal digits.
func (s Source) hash(ctx context.Context) (string, error) {
	sum := sha256.New()
	for _, path := range s.Files {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if err := add(sum, path, s.relative(path)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// add writes a file to a hash, after its name and size.
func add(sum io.Writer, path, name string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(sum, "%q %d\n", name, info.Size())
	_, err = io.Copy(sum, file)
	return err
}

// relative is a file's path below the source's.
func (s Source) relative(path string) string {
	name, err := filepath.Rel(s.Path, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(name)
}

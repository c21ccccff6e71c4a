// Package define gets a study's definition ready to be stored: it reads the
// study file, draws what the file leaves open, and checks that what it names
// is there, all before anything is written.
package define

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/studies"
)

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// Embedded is the prefix of paths that name a ready-made study file.
const Embedded = "studies:"

// Read reads the study file at path, which may be [Stdin] or begin with
// [Embedded]. A name that is not empty takes the place of the file's.
func Read(f *app.Factory, path, name string) (*studyfile.File, error) {
	file, err := read(f, path)
	if err != nil {
		return nil, err
	}
	if name != "" {
		if err := studyfile.CheckName(name); err != nil {
			return nil, &app.UsageError{Err: fmt.Errorf("--name: %w", err)}
		}
		file.Name = name
	}
	return file, nil
}

func read(f *app.Factory, path string) (*studyfile.File, error) {
	if path == Stdin {
		return studyfile.Read(f.In, "standard input", "")
	}
	ready, ok := strings.CutPrefix(path, Embedded)
	if !ok {
		return studyfile.Load(path)
	}
	data, err := Example(ready)
	if err != nil {
		return nil, err
	}
	return studyfile.Parse(data, path, "")
}

// Example returns a ready-made study file by its name.
func Example(name string) ([]byte, error) {
	base := strings.TrimSuffix(strings.TrimPrefix(name, Embedded), ".yaml")
	data, err := fs.ReadFile(studies.FS, base+".yaml")
	if err != nil {
		return nil, fmt.Errorf("no ready-made study %q: there are %s", name, strings.Join(studies.Names(), ", "))
	}
	return data, nil
}

// IsFile reports whether the argument of run means a study file rather than a
// study's name.
func IsFile(arg string) bool {
	if arg == Stdin || strings.HasPrefix(arg, Embedded) || strings.ContainsRune(arg, filepath.Separator) {
		return true
	}
	if isYAML(arg) {
		info, err := os.Stat(arg)
		return err == nil && !info.IsDir() || studyfile.CheckName(arg) != nil
	}
	return false
}

func isYAML(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}

// Complete draws the sampler's seed if the file has none and, for
// meta-training, checks that model and tasks are there and draws the split of
// the tasks. It writes nothing to disk.
func Complete(ctx context.Context, file *studyfile.File) error {
	if !file.SeedGiven {
		seed, err := newSeed()
		if err != nil {
			return err
		}
		file.Sampler.Seed, file.SeedGiven = seed, true
	}
	if file.Objective.Kind != studyfile.MetaTraining {
		return nil
	}
	return completeTasks(ctx, &file.Definition)
}

// newSeed draws a seed of 31 bits: short enough to type, and exact in JSON.
func newSeed() (int64, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, fmt.Errorf("draw a seed: %w", err)
	}
	return int64(binary.LittleEndian.Uint32(b[:]) >> 1), nil
}

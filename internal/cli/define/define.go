// Package define gets a study's definition ready to be stored: it reads the
// study file, draws what the file leaves open, and checks that what it names
// is there, all before anything is written.
package define

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
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

// Difference says in what a study file differs from the stored study of the
// same name, "" when it does not. What the file leaves open (the split, a seed,
// the kind of sampler) does not count, and neither does the budget, which a run
// may change.
func Difference(file *studyfile.File, stored *search.Definition) (string, error) {
	mine, theirs := file.Definition, *stored
	mine.Split, theirs.Split = nil, nil
	mine.Budget, theirs.Budget = search.Budget{}, search.Budget{}
	if !file.SeedGiven {
		mine.Sampler.Seed = theirs.Sampler.Seed
	}
	if !file.SamplerGiven {
		mine.Sampler.Kind = theirs.Sampler.Kind
	}
	a, err := sections(&mine)
	if err != nil {
		return "", err
	}
	b, err := sections(&theirs)
	if err != nil {
		return "", err
	}
	for _, key := range []string{"objective", "train", "space", "sampler", "pruner", "enqueue"} {
		if !bytes.Equal(a[key], b[key]) {
			return key, nil
		}
	}
	return "", nil
}

// sections returns the parts of a definition as canonical JSON.
func sections(def *search.Definition) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(def)
	if err != nil {
		return nil, fmt.Errorf("study %s: %w", def.Name, err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("study %s: %w", def.Name, err)
	}
	return parts, nil
}

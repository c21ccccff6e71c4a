package prefix

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	segmentSuffix = ".seg"
	// segmentBytes is the size at which what was put is written: large enough
	// that files are few, small enough that other workers need not wait long.
	segmentBytes = 8 << 20
	// rescanEvery bounds how often a miss looks for files of other workers.
	rescanEvery = 2 * time.Second
)

// A folder keeps the numbers of one space in segments: files that are written
// whole, under a name that nobody else uses, and never changed. Readers see a
// segment or they do not.
type folder struct {
	root  string // of all spaces
	dir   string // of this one
	space Space
	limit int64 // of root
	log   func(format string, args ...any)

	index   map[Key]location
	seen    map[string]bool // names of segments
	scanned time.Time

	pending      []record // not written yet
	unwritten    map[Key][]float32
	pendingBytes int64
	full         bool // nothing more is written
}

// A location is where a record's data is.
type location struct {
	file   *os.File
	offset int64
	count  uint32
	sum    uint32
}

type record struct {
	key    Key
	values []float32
}

func openFolder(root string, space Space, limit int64, log func(string, ...any)) *folder {
	f := &folder{
		root: root, dir: filepath.Join(root, hex.EncodeToString(space[:8])), space: space, limit: limit, log: log,
		index: make(map[Key]location), seen: make(map[string]bool), unwritten: make(map[Key][]float32),
	}
	f.scan()
	return f
}

// scan takes up segments that have appeared. One that cannot be read, or is
// damaged, is left alone.
func (f *folder) scan() {
	f.scanned = time.Now()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return // not there yet, or gone
	}
	for _, e := range entries {
		name := e.Name()
		if f.seen[name] || !strings.HasSuffix(name, segmentSuffix) {
			continue
		}
		f.seen[name] = true
		file, err := os.Open(filepath.Join(f.dir, name))
		if err != nil {
			continue
		}
		if err := readTable(file, f.space, f.index); err != nil {
			f.say("%s is left alone: %v", file.Name(), err)
			file.Close()
		}
	}
}

// read returns the numbers of a key; nil if no segment has them.
func (f *folder) read(key Key) []float32 {
	if values := f.unwritten[key]; values != nil {
		return values
	}
	at, ok := f.index[key]
	if !ok && time.Since(f.scanned) >= rescanEvery {
		f.scan()
		at, ok = f.index[key]
	}
	if !ok {
		return nil
	}
	values, err := at.read()
	if err != nil {
		delete(f.index, key)
		f.say("%s: %v; what it held is computed again", at.file.Name(), err)
		return nil
	}
	return values
}

func (f *folder) append(key Key, values []float32) {
	if f.full {
		return
	}
	if _, ok := f.index[key]; ok || f.unwritten[key] != nil {
		return
	}
	f.pending = append(f.pending, record{key, values})
	f.unwritten[key] = values
	f.pendingBytes += int64(4 * len(values))
	if f.pendingBytes >= segmentBytes {
		f.flush()
	}
}

// flush writes what is pending as a segment, if the limit allows.
func (f *folder) flush() {
	if len(f.pending) == 0 || f.full {
		return
	}
	defer func() {
		f.pending, f.pendingBytes = nil, 0
		clear(f.unwritten)
	}()
	used, err := size(f.root)
	if err != nil {
		f.stop("%v", err)
		return
	}
	if used+f.pendingBytes > f.limit {
		f.stop("%s holds %d MB, which is prefix_cache_mb", f.root, used>>20)
		return
	}
	if err := writeSegment(f.dir, f.space, f.pending); err != nil {
		f.stop("%v", err)
	}
}

// stop ends writing: the disk is full, say.
func (f *folder) stop(format string, args ...any) {
	f.full = true
	f.say("no more outputs of frozen layers are written: "+format, args...)
}

func (f *folder) say(format string, args ...any) {
	if f.log != nil {
		f.log(format, args...)
	}
}

func (f *folder) close() {
	f.flush()
	closed := make(map[*os.File]bool)
	for _, at := range f.index {
		if !closed[at.file] {
			at.file.Close() // it was only read
			closed[at.file] = true
		}
	}
	clear(f.index)
	clear(f.seen)
}

// size returns the bytes of all segments below a folder.
func size(root string) (int64, error) {
	total := int64(0)
	err := filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // not made yet, or removed meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", root, err)
	}
	return total, nil
}

package export

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A staging is a folder that is being written. It gets its name when it is
// complete; until then nothing stands under that name.
type staging struct {
	work string   // where to write
	lock *os.File // tells others that work is being written
	to   string   // the name, absolute, links resolved
	made []string // folders above that were made for it, the outermost first
}

// stage checks that a folder can be written under the name to, which must not
// exist or be an empty folder, and makes a place to write it. The caller
// discards it in every case.
func stage(to string) (*staging, error) {
	s := new(staging)
	var err error
	if s.to, err = filepath.Abs(to); err != nil {
		return nil, fmt.Errorf("write %s: %w", to, err)
	}
	if target, err := filepath.EvalSymlinks(s.to); err == nil {
		s.to = target
	}
	if err := checkTarget(s.to); err != nil {
		return nil, err
	}
	parent := filepath.Dir(s.to)
	if err := s.makeParents(parent); err != nil {
		s.discard()
		return nil, fmt.Errorf("write %s: %w", to, err)
	}
	prefix := ".hpsearch-" + filepath.Base(s.to) + "-"
	clearLeftovers(parent, prefix)
	if s.work, err = os.MkdirTemp(parent, prefix); err != nil {
		s.discard()
		return nil, fmt.Errorf("write %s: %w", to, err)
	}
	s.lock = lock(s.work)
	if err := os.Chmod(s.work, 0o755); err != nil {
		s.discard()
		return nil, fmt.Errorf("write %s: %w", to, err)
	}
	return s, nil
}

// clearLeftovers removes the folders of that prefix whose process was killed
// before it could: nobody holds their locks. One that was made a moment ago may
// not be locked yet, and stays.
func clearLeftovers(parent, prefix string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // whoever writes there says why
	}
	for _, e := range entries {
		random, ok := strings.CutPrefix(e.Name(), prefix)
		if !ok || strings.Trim(random, "0123456789") != "" || !e.IsDir() {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		if info, err := e.Info(); err != nil || time.Since(info.ModTime()) < unlockedTime {
			continue
		}
		if held := lock(dir); held != nil {
			_ = os.RemoveAll(dir) // what cannot be removed is in nobody's way
			_ = held.Close()
		}
	}
}

// unlockedTime is much longer than it takes from making a folder to locking it.
const unlockedTime = 2 * time.Second

// checkTarget reports what stands in the way of a new folder.
func checkTarget(to string) error {
	info, err := os.Stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write %s: %w", to, err)
	case !info.IsDir():
		return fmt.Errorf("write %s: a file has that name: choose another folder", to)
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("write %s: the folder is not empty: choose another one, or empty it", to)
	}
	return nil
}

// makeParents makes the folders above, and remembers which.
func (s *staging) makeParents(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.makeParents(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	s.made = append(s.made, dir)
	return nil
}

// publish gives the folder its name.
func (s *staging) publish() error {
	if err := checkTarget(s.to); err != nil { // it may have been filled meanwhile
		return err
	}
	if err := os.Remove(s.to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", s.to, err)
	}
	if err := os.Rename(s.work, s.to); err != nil {
		return fmt.Errorf("write %s: %w", s.to, err)
	}
	s.work, s.made = "", nil
	s.unlock()
	return nil
}

func (s *staging) unlock() {
	if s.lock != nil {
		_ = s.lock.Close() // only the lock is lost, as it should be
		s.lock = nil
	}
}

// discard removes what was not published.
func (s *staging) discard() {
	if s.work != "" {
		_ = os.RemoveAll(s.work) // what cannot be removed stays; the error that led here counts
	}
	for i := len(s.made) - 1; i >= 0; i-- {
		_ = os.Remove(s.made[i]) // fails when somebody put something there
	}
	s.unlock()
	s.work, s.made = "", nil
}

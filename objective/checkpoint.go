package objective

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// CheckpointDir is the folder of the checkpoints of a trial's first attempt,
// in the trial's folder. Those of the second are in checkpoint-2: a worker
// that was suspended, or cut off, and does not know yet that its trial was
// taken over, must not write where the new one reads.
const CheckpointDir = "checkpoint"

// FilesDir is the same for whatever a plain program writes. Nobody tidies up
// there.
const FilesDir = "files"

// checkpointPath is the folder of an attempt's checkpoints.
func checkpointPath(trialDir string, attempt int) string {
	return attemptPath(trialDir, CheckpointDir, attempt)
}

// attemptPath is the folder of that kind that belongs to an attempt.
func attemptPath(trialDir, kind string, attempt int) string {
	path := filepath.Join(trialDir, kind)
	if attempt > 1 {
		path += "-" + strconv.Itoa(attempt)
	}
	return path
}

// Checkpoints lists the checkpoint folders in a trial's folder, which need not
// exist.
func Checkpoints(trialDir string) ([]string, error) {
	entries, err := os.ReadDir(trialDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if e.IsDir() && (e.Name() == CheckpointDir || strings.HasPrefix(e.Name(), CheckpointDir+"-")) {
			paths = append(paths, filepath.Join(trialDir, e.Name()))
		}
	}
	return paths, nil
}

// inheritCheckpoint is inherit for checkpoints.
func inheritCheckpoint(task search.Task, again bool) error {
	return inherit(task, CheckpointDir, again)
}

// inherit gives an attempt a copy of the folder of that kind that the one before
// it left, which is then removed. What the attempt has written itself stays when
// it is run again, because its trainer crashed.
//
// A first attempt that is not run again finds nothing of its own: what is there
// is another trial's, of which the database server has forgotten in a crash
// that it had begun.
func inherit(task search.Task, kind string, again bool) error {
	own := attemptPath(task.Dir, kind, task.Attempt)
	if task.Attempt == 1 && !again {
		return os.RemoveAll(own)
	}
	if _, err := os.Stat(own); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for attempt := task.Attempt - 1; attempt >= 1; attempt-- {
		earlier := attemptPath(task.Dir, kind, attempt)
		err := copyFolder(earlier, own)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("taking over the folder %s of attempt %d of trial %d: %w", kind, attempt, task.Number, err)
		}
		// Its process may be writing there still, to no avail.
		_ = os.RemoveAll(earlier)
		return nil
	}
	return nil
}

// copyFolder copies a folder; the copy appears when it is complete. Should
// files change meanwhile it is made again, a few times: a process that is
// alive writes for seconds, but not for ever.
func copyFolder(from, to string) error {
	const tries = 5
	partial := to + ".partial"
	defer func() { _ = os.RemoveAll(partial) }()
	for range tries {
		before, err := stamps(from)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(partial); err != nil {
			return err
		}
		err = copyFiles(from, partial)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		after, stampErr := stamps(from)
		if stampErr != nil {
			return stampErr
		}
		if err == nil && maps.Equal(before, after) {
			return os.Rename(partial, to)
		}
	}
	return errors.New("it is being written to all the time")
}

// A stamp tells whether a file was written to.
type stamp struct {
	size     int64
	modified time.Time
}

// stamps returns the stamps of all files below a folder, by path.
func stamps(folder string) (map[string]stamp, error) {
	found := make(map[string]stamp)
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		found[path] = stamp{info.Size(), info.ModTime()}
		return nil
	})
	return found, err
}

// copyFiles copies regular files and folders; whatever else there is, links
// for example, is no checkpoint.
func copyFiles(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o777)
		case d.Type().IsRegular():
			return copyFile(path, target)
		}
		return nil
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

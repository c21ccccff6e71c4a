package pretrain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/model"
)

// write makes the Hugging Face folder: beside its place first, then under its
// name.
func write(m *model.MaskedLM, tokenizer *source, to string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", to, err)
		}
	}()
	parent := filepath.Dir(to)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(parent, ".hpsearch-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // it is gone once it has its name
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	if err := m.Save(work); err != nil {
		return err
	}
	if err := tokenizer.copyTo(work); err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(work, to)
}

package hf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ManifestFile is what a folder has beside a model's own files when hpsearch
// has written it, and no other program.
const ManifestFile = "hpsearch.json"

// Again says how a file of a model's folder that is missing or damaged comes
// back: that depends on who has written the folder.
func Again(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, ManifestFile)); err == nil {
		return "hpsearch export or adapt wrote the folder: have it write the folder anew"
	}
	return "download or copy it again"
}

// ReadWeights is [ReadSafetensors] for a file of a model's folder: its errors
// say how the file comes back.
func ReadWeights(path string) ([]Blob, map[string]string, error) {
	blobs, metadata, err := ReadSafetensors(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; %s", err, Again(filepath.Dir(path)))
	}
	return blobs, metadata, err
}

// damaged adds to what is wrong with a file of a model's folder which file it
// is, and what to do.
func damaged(path string, err error) error {
	return fmt.Errorf("%s: %w; %s", path, err, Again(filepath.Dir(path)))
}

package predict

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAbsolute(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a.png")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := absolute([]string{file}); err != nil || len(got) != 1 || got[0] != file {
		t.Errorf("a file: %v, %v", got, err)
	}
	for name, want := range map[string]string{
		dir:                            "is a folder: name the image files in it",
		filepath.Join(dir, "none.png"): "there is no image file",
		filepath.Join(file, "deeper"):  "not a directory",
	} {
		if _, err := absolute([]string{file, name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
}

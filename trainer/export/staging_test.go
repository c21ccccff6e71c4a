package export

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStaging(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	empty := filepath.Join(root, "empty")
	link := filepath.Join(root, "link")
	target := filepath.Join(root, "target")
	for _, dir := range []string{empty, target} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ to, lands string }{
		"new":            {filepath.Join(root, "a", "b", "c"), filepath.Join(root, "a", "b", "c")},
		"empty folder":   {empty, empty},
		"trailing slash": {filepath.Join(root, "d") + "/", filepath.Join(root, "d")},
		"link":           {link, target},
	} {
		s, err := stage(c.to)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := os.WriteFile(filepath.Join(s.work, "x"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.publish(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.discard()
		if _, err := os.Stat(filepath.Join(c.lands, "x")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(c.lands); err == nil && info.Mode().Perm() != 0o755 {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left over", e.Name())
		}
	}
}

// TestStagingDiscards: what was made for a folder that never came goes away,
// and nothing else does.
func TestStagingDiscards(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s, err := stage(filepath.Join(root, "a", "b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(root, "a", "other")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.discard()
	if _, err := os.Stat(filepath.Join(root, "a", "b")); err == nil {
		t.Error("b was left")
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("another's file was removed: %v", err)
	}
}

// TestStagingIsOvertaken: somebody wrote to the target meanwhile.
func TestStagingIsOvertaken(t *testing.T) {
	t.Parallel()
	to := filepath.Join(t.TempDir(), "to")
	s, err := stage(to)
	if err != nil {
		t.Fatal(err)
	}
	defer s.discard()
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "x"), []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.publish(); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(filepath.Join(to, "x")); string(data) != "theirs" {
		t.Errorf("their file holds %q", data)
	}
}

// What a killed export left is removed by the next one to the same target;
// what another one is writing, and what is something else, stays.
func TestStaging_leftovers(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{".hpsearch-model-123", ".hpsearch-model-5x", ".hpsearch-other-123", "model-123"} {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	running, err := stage(filepath.Join(root, "model"))
	if err != nil {
		t.Fatal(err)
	}
	defer running.discard()
	if err := os.Chtimes(running.work, old, old); err != nil {
		t.Fatal(err)
	}
	second, err := stage(filepath.Join(root, "model"))
	if err != nil {
		t.Fatal(err)
	}
	defer second.discard()
	for path, want := range map[string]bool{
		filepath.Join(root, ".hpsearch-model-123"): false,
		filepath.Join(root, ".hpsearch-model-5x"):  true,
		filepath.Join(root, ".hpsearch-other-123"): true,
		filepath.Join(root, "model-123"):           true,
		running.work:                               true,
		second.work:                                true,
	} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v, there should be %t", path, err, want)
		}
	}
}

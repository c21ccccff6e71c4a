package app_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/internal/cli/app"
)

// TestStudyDir: whatever Optuna calls a study, its folder is one in the data
// folder and no other study's.
func TestStudyDir(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	f := &app.Factory{StorageURL: app.DefaultStorage, DataDir: root}
	seen := map[string]string{}
	for _, name := range []string{
		"plain-1.2_x", "", ".", "..", "../up", "/etc", "a/b", "a_b", "a\\b", "A", "a", "My Study", "my study", "naïve", "nul\x00",
		strings.Repeat("long", 100), strings.Repeat("long", 100) + "er",
	} {
		dir, err := f.StudyDir(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(dir)
		if filepath.Dir(dir) != root || len(base) > 128 || strings.ContainsAny(base, "\x00\\ ") {
			t.Errorf("the folder of %q is %q", name, dir)
		}
		if other, taken := seen[strings.ToLower(base)]; taken {
			t.Errorf("%q and %q share the folder %s", name, other, base)
		}
		seen[strings.ToLower(base)] = name
	}
	if dir, _ := f.StudyDir("plain-1.2_x"); filepath.Base(dir) != "plain-1.2_x" {
		t.Errorf("the folder of a plain name is %s", dir)
	}
}

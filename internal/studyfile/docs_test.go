package studyfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hpsearch/hpsearch/internal/studyfile"
)

// example is a study file in Markdown.
var example = regexp.MustCompile("(?s)\n```yaml\n(version:.*?\n)```\n")

// Whoever copies an example of the documentation gets a study.
func TestDocs_examplesAreInOrder(t *testing.T) {
	t.Parallel()
	for path, atLeast := range map[string]int{"docs/study-file.md": 2, "README.md": 1} {
		text, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		found := example.FindAllSubmatch(text, -1)
		if len(found) < atLeast {
			t.Errorf("%s has %d study files, want at least %d", path, len(found), atLeast)
		}
		for i, match := range found {
			if _, err := studyfile.Parse(match[1], fmt.Sprintf("%s, example %d", path, i+1), t.TempDir()); err != nil {
				t.Error(err)
			}
		}
	}
}

package setting

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the table of settings in docs/study-file.md")

// TestDocs holds the table in the documentation against the schema.
func TestDocs(t *testing.T) {
	const path = "../../docs/study-file.md"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(data), "-update` -->\n")
	_, tail, ended := strings.Cut(rest, "<!-- end of settings -->")
	if !found || !ended {
		t.Fatalf("%s has no place for the settings", path)
	}
	want := head + "-update` -->\n" + Markdown() + "<!-- end of settings -->" + tail
	if want == string(data) {
		return
	}
	if !*update {
		t.Fatalf("%s does not list the settings as they are; run `go test ./trainer/setting -run TestDocs -update`", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

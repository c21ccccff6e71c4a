package studies_test

import (
	"testing"

	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/studies"
)

func TestFS_everyStudyLoads(t *testing.T) {
	t.Parallel()
	names := studies.Names()
	if len(names) < 3 {
		t.Fatalf("only %v", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := studies.FS.ReadFile(name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			file, err := studyfile.Parse(data, name+".yaml", "")
			if err != nil {
				t.Fatal(err)
			}
			if file.Name != name {
				t.Errorf("study is named %q, its file %q", file.Name, name)
			}
			if studies.About(name) == "" {
				t.Error("the comment at its top does not say what it is about")
			}
			if file.Budget.Trials == 0 || !file.SeedGiven {
				t.Error("a ready-made study has a bounded number of trials and a seed")
			}
		})
	}
}

package view

import (
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// TestStudyFacts_foreign: a study that Optuna made names neither sampler nor
// pruner; what takes their place is said.
func TestStudyFacts_foreign(t *testing.T) {
	t.Parallel()
	s := &search.Summary{Study: search.Study{Name: "theirs", Directions: []search.Direction{search.Minimize}}}
	s.Study.Definition.Objective.Metric = "value"
	want := map[string]string{"sampler": "auto, seed 0", "pruner": "none"}
	for _, row := range StudyFacts(s, State{}, time.Now()).Rows {
		text, ok := want[row[0].Human]
		if ok && row[1].Human != text {
			t.Errorf("%s: %q, want %q", row[0].Human, row[1].Human, text)
		}
		delete(want, row[0].Human)
	}
	if len(want) > 0 {
		t.Errorf("no rows for %v", want)
	}
}

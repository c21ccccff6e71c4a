package studyfile

import (
	"github.com/hpsearch/hpsearch/search"
)

// settings checks the fixed and the searched settings of a meta-training
// study against what the trainer knows.
func (r *reader) settings(m mapping, d *search.Definition) {
	at := m.get("train")
	if at == nil {
		at = m.node
	}
	for _, key := range []string{"model", "tasks"} {
		if d.Train[key] == nil {
			r.find(at, "add "+key+": to train", "train has no %s", key)
		}
	}
}

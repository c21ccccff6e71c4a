package define

import (
	"fmt"
	"maps"
	"path/filepath"

	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/hf"
)

// warmStartKey is the setting that names the model whose weights trials start
// from. It is a part of the study's definition, so that every worker, now or
// later, starts from the same.
const warmStartKey = "warm_start"

// setWarmStart writes the folder of an exported model into a study that is
// about to be created.
func setWarmStart(file *studyfile.File, dir string) error {
	if dir == "" {
		return nil
	}
	if file.Objective.Kind != studyfile.MetaTraining {
		return fmt.Errorf("--warm-start %s: only a study of kind meta-training starts from a model", dir)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("--warm-start: %w", err)
	}
	train := maps.Clone(file.Train)
	train[warmStartKey] = absolute
	file.Train = train
	return nil
}

// sameWarmStart refuses to go on with a study from other weights than those
// that its first trials started from.
func sameWarmStart(study *search.Study, dir string) error {
	if dir == "" {
		return nil
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("--warm-start: %w", err)
	}
	switch has := study.Definition.Train[warmStartKey]; has {
	case absolute:
		return nil
	case nil:
		return fmt.Errorf("--warm-start: study %s was created without it: create another from a study file of another name", study.Name)
	default:
		return fmt.Errorf("--warm-start: study %s starts from %v, and its trials could not be compared: create another from a study file of another name", study.Name, has)
	}
}

// checkWarmStart compares the model that trials start from with those of the
// study.
func checkWarmStart(def *search.Definition) error {
	dir, ok := def.Train[warmStartKey].(string)
	if !ok {
		return nil
	}
	kind, err := hf.ModelType(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", warmStartKey, err)
	}
	if !hf.IsPlain(kind) {
		if err := hf.CheckFolder(dir); err != nil {
			return fmt.Errorf("%s: %w", warmStartKey, err)
		}
	}
	for _, model := range models(def) {
		if err := hf.SameArchitecture(model, dir); err != nil {
			return fmt.Errorf("%s: %w", warmStartKey, err)
		}
		if hf.IsPlain(kind) {
			continue
		}
		if err := hf.SameTokenizer(model, dir); err != nil {
			return fmt.Errorf("%s: %w", warmStartKey, err)
		}
	}
	return nil
}

package define

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/fingerprint"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
)

// TakeInputs writes into the definition of a study, which [Complete] has seen,
// what its trials are going to read, as it is now. It reads all of it.
func TakeInputs(ctx context.Context, def *search.Definition) error {
	if def.Objective.Kind != studyfile.MetaTraining {
		return nil
	}
	config, err := workable(def)
	if err != nil {
		return err
	}
	sources, err := sources(def, config)
	if err != nil {
		return err
	}
	def.Inputs = nil
	for _, s := range sources {
		input, err := fingerprint.Take(ctx, s)
		if err != nil {
			return fmt.Errorf("reading what trials will read: %w", err)
		}
		def.Inputs = append(def.Inputs, input)
	}
	return nil
}

// WarnChanged says which files that trials read are others than when the study
// was created: trials before and after cannot be compared. Files that are gone
// are for the trainer to complain of. As long as nothing was written to them
// that takes a look at each file's date.
func WarnChanged(ctx context.Context, f *app.Factory, study *search.Study) error {
	def := &study.Definition
	if def.Objective.Kind != studyfile.MetaTraining || len(def.Inputs) == 0 {
		return nil
	}
	config, err := workable(def)
	if err != nil || config == nil {
		return nil // of a newer hpsearch, say: trials tell
	}
	found, err := sources(def, config)
	if err != nil {
		return nil
	}
	for _, was := range def.Inputs {
		for _, s := range found {
			if s.Path != was.Path {
				continue
			}
			changed, newest, err := fingerprint.Changed(ctx, was, s)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err == nil && changed {
				f.Warn("%s: trials of study %s from before and after cannot be compared. Restore it, or create the study anew under another name.",
					changeText(study, was, newest), render.Argument(study.Name))
			}
		}
	}
	return nil
}

// changeText says what is no longer what it was, and since when if a file tells:
// one that was removed, or moved here with its old date, does not.
func changeText(study *search.Study, was search.Input, newest string) string {
	text := was.Path + " has changed since the study was created"
	info, err := os.Stat(newest)
	if err != nil || info.ModTime().Before(study.Created) {
		return text
	}
	text += ", last at " + info.ModTime().Format(time.DateTime)
	if newest != was.Path {
		text += fmt.Sprintf(" (%s)", filepath.Base(newest))
	}
	return text
}

// sources lists what the trials of a study read: their tasks, the models, and
// the model that trials start from. config is one of a trial.
func sources(def *search.Definition, config *setting.Config) ([]fingerprint.Source, error) {
	var all []fingerprint.Source
	files, err := task.Files(config.Tasks)
	if err != nil {
		return nil, err
	}
	if len(files) > 0 {
		path := config.Tasks.Path
		if path == "" { // WordNet in its usual place
			path = filepath.Dir(files[0])
		}
		all = append(all, fingerprint.Source{Path: path, Files: files})
	}
	folders := models(def)
	if dir, ok := def.Train[warmStartKey].(string); ok {
		folders = append(folders, dir)
	}
	for _, path := range folders {
		s, err := sourceIn(path, modelFiles)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if path := config.Model.Tokenizer; path != "" {
		s, err := sourceIn(path, hf.TokenizerFiles)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// modelFiles are the files of a model's folder that a trial may read.
var modelFiles = append([]string{"config.json", hf.SafetensorsFile, hf.PyTorchFile, "head.safetensors", "lora.safetensors"}, hf.TokenizerFiles...)

// sourceIn is the files of those names that a folder has, or one file, as a
// vocabulary may be.
func sourceIn(path string, names []string) (fingerprint.Source, error) {
	s := fingerprint.Source{Path: path}
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	if !info.IsDir() {
		s.Files = []string{path}
		return s, nil
	}
	for _, name := range names {
		switch _, err := os.Stat(filepath.Join(path, name)); {
		case err == nil:
			s.Files = append(s.Files, filepath.Join(path, name))
		case !errors.Is(err, os.ErrNotExist):
			return s, err
		}
	}
	return s, nil
}

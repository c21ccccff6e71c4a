package define

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
)

// Of each of these lists a model folder has at least one file.
var (
	weightFiles    = []string{"model.safetensors", "pytorch_model.bin"}
	tokenizerFiles = []string{"tokenizer.json", "vocab.txt", "vocab.json"}
)

// demanding are the settings of which a larger value needs more classes or
// examples.
var demanding = []string{"ways", "shots", "query_shots"}

// completeTasks checks that the models and tasks of a meta-training study are
// there, that both are enough for whatever the study may try, and draws the
// split. What is wrong with the models and with the tasks is found together, as
// [Problems].
func completeTasks(ctx context.Context, def *search.Definition) error {
	config, err := workable(def)
	if err != nil {
		return err
	}
	var found Problems
	if described, ok := def.Train["model"].(map[string]any); ok {
		found.add(checkDescribed(def, described, config))
	}
	for _, model := range models(def) {
		found.add(checkTrained(def, model, config))
	}
	found.add(checkWarmStart(def))
	if config.Tasks.Generated() { // there is nothing to read and nothing to divide
		if found == nil {
			found.add(checkSides(def, config, []int64{1}))
		}
		return found.err()
	}
	if err := divide(ctx, def, config, found == nil); err != nil {
		if ctx.Err() != nil {
			return err
		}
		found.add(err)
	}
	return found.err()
}

// checkTrained checks the folder of a model that trials begin with.
func checkTrained(def *search.Definition, model string, config *setting.Config) error {
	if kind, err := hf.ModelType(model); err == nil && hf.IsPlain(kind) {
		if err := checkReads(model, kind, config.Tasks); err != nil {
			return err
		}
		return checkExported(def, model, config)
	}
	if err := checkModel(model); err != nil {
		return err
	}
	if t := config.Tasks; t.Generated() || t.Kind == "images" {
		return fmt.Errorf("model: %s reads texts, and tasks of kind %s have none: describe a network instead, such as {kind: mlp, hidden: [40, 40]} for sinusoid or {kind: conv4} for images", model, t.Kind)
	}
	shape, err := shapeOf(model)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if err := checkFits(def, model, shape, config); err != nil {
		return err
	}
	if config.Tasks.Type == setting.Generation && shape.ModelType != hf.GPT2ModelType {
		return fmt.Errorf("model: %s is a %s, which generates no text: tasks of type generation need a GPT-2", model, shape.ModelType)
	}
	return nil
}

// divide reads the tasks and draws their split. sound says that nothing is wrong
// with the models, which are then held against the tasks.
func divide(ctx context.Context, def *search.Definition, config *setting.Config, sound bool) error {
	family, err := task.Load(config.Tasks)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var sides []int64 // of a text
	if m := family.Images; m != nil {
		if err := config.Model.FitsImages(m.Width, m.Height); err != nil {
			return fmt.Errorf("model: %w", err)
		}
		sides = []int64{int64(m.Channels), int64(m.Height), int64(m.Width)}
	}
	if sound {
		if err := checkSides(def, config, sides); err != nil {
			return err
		}
	}
	plan, err := task.NewPlan(family, config, 0) // the split has a seed of its own
	if err != nil {
		return err
	}
	def.Split = plan.Split
	return nil
}

// checkReads refuses an exported network of images or numbers for tasks that
// have none.
func checkReads(model, kind string, tasks setting.Tasks) error {
	images := tasks.Kind == "images"
	switch {
	case kind == hf.Conv4ModelType && !images:
		return fmt.Errorf("model: %s reads images, and tasks of kind %s have none", model, tasks.Kind)
	case kind == hf.MLPModelType && !images && !tasks.Generated():
		return fmt.Errorf("model: %s reads numbers, and tasks of kind %s have none", model, tasks.Kind)
	}
	return nil
}

// shapeOf returns the sizes of a model that settings are held against.
func shapeOf(model string) (*hf.Config, error) {
	if kind, err := hf.ModelType(model); err != nil || kind != hf.GPT2ModelType {
		return hf.ReadConfig(model)
	}
	c, err := hf.ReadGPT2Config(model)
	if err != nil {
		return nil, err
	}
	return &hf.Config{ModelType: c.ModelType, Layers: c.Layers, Hidden: c.Hidden, Heads: c.Heads, MaxPositions: c.Positions}, nil
}

// models returns the folders of the models that the study uses.
func models(def *search.Definition) []string {
	if model, ok := def.Train["model"].(string); ok {
		return []string{model}
	}
	var all []string
	for _, p := range def.Space {
		if d, ok := p.Distribution.(search.Categorical); ok && p.Name == "model" {
			for _, choice := range d.Choices {
				all = append(all, fmt.Sprint(choice))
			}
		}
	}
	return all
}

// checkModel looks for the files of a Hugging Face folder, and whether the
// weights are whole and those of its config.json.
func checkModel(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("model: there is no %s: name the folder of a pretrained BERT; `make model` fetches all-MiniLM-L6-v2 and prints its folder, `hf download NAME --local-dir DIR` fetches one of the Hugging Face Hub", dir)
	case err != nil:
		return fmt.Errorf("model: %w", err)
	case !info.IsDir():
		return fmt.Errorf("model: %s is a file: name the folder that holds config.json and the weights", dir)
	case !hasOne(dir, []string{"config.json"}):
		return fmt.Errorf("model: %s has no config.json: it is not the folder of a pretrained model", dir)
	case !hasOne(dir, weightFiles):
		return fmt.Errorf("model: %s has no weights: it needs %s", dir, strings.Join(weightFiles, " or "))
	case !hasOne(dir, tokenizerFiles):
		return fmt.Errorf("model: %s has no tokenizer: it needs %s", dir, strings.Join(tokenizerFiles, " or "))
	}
	if err := hf.CheckFolder(dir); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// hasOne reports whether a folder has at least one of the files.
func hasOne(dir string, files []string) bool {
	return slices.ContainsFunc(files, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	})
}

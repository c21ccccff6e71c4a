package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// CheckModel refuses a folder that holds no exported model.
func CheckModel(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("model: there is no %s: name the folder that hpsearch export or adapt wrote", dir)
	}
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("model: %s is a file: name the folder that hpsearch export or adapt wrote", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "config.json")); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("model: %s has no config.json: name the folder that hpsearch export or adapt wrote", dir)
	}
	return nil
}

// ReadsImages reports whether the exported model in a folder reads images. What
// is wrong with the folder is for the trainer to say.
func ReadsImages(dir string) bool { return readManifest(dir).Images != nil }

// ModelType returns the type of the tasks that the exported model in a folder is
// for. What is wrong with the folder is for the trainer to say: then it is that
// of most models.
func ModelType(dir string) setting.TaskType { return readManifest(dir).Type }

// Predicts says in words what predict makes of a text with the model in a
// folder.
func Predicts(dir string) string {
	switch ModelType(dir) {
	case setting.Regression:
		return "gives text a number"
	case setting.Generation:
		return "continues text"
	}
	return "labels text"
}

// A manifest is what this package reads of hpsearch.json.
type manifest struct {
	Type   setting.TaskType `json:"type"`
	Images *struct{}        `json:"images"`
}

// readManifest returns that of a classifier of texts where there is none.
func readManifest(dir string) manifest {
	m := manifest{Type: setting.Classification}
	data, err := os.ReadFile(filepath.Join(dir, hf.ManifestFile))
	if err != nil || json.Unmarshal(data, &m) != nil {
		return manifest{Type: setting.Classification}
	}
	return m
}

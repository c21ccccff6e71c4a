package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// CheckModel refuses a folder that holds no exported model.
func CheckModel(dir string) error {
	info, err := os.Stat(dir)
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

// Predicts says in words what predict makes of a text with the model in a
// folder.
func Predicts(dir string) string {
	switch readManifest(dir).Type {
	case "regression":
		return "gives text a number"
	case "generation":
		return "continues text"
	}
	return "labels text"
}

// A manifest is what this package reads of hpsearch.json.
type manifest struct {
	Type   string    `json:"type"`
	Images *struct{} `json:"images"`
}

// readManifest returns the zero manifest where there is none.
func readManifest(dir string) manifest {
	var m manifest
	data, err := os.ReadFile(filepath.Join(dir, "hpsearch.json"))
	if err != nil || json.Unmarshal(data, &m) != nil {
		return manifest{}
	}
	return m
}

// Package studies holds ready-made study files. They are starting points:
// copy one, name your model and your tasks, and change the space.
package studies

import (
	"embed"
	"io/fs"
	"strings"
)

// FS holds the study files, named NAME.yaml.
//
//go:embed *.yaml
var FS embed.FS

// Names returns the names of the study files, in order.
func Names() []string {
	files, err := fs.Glob(FS, "*.yaml")
	if err != nil {
		return nil // only a malformed pattern fails
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".yaml")
	}
	return files
}

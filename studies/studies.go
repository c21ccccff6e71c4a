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

// About says what a study file is about: the beginning of the comment at its
// top, up to the first colon or full stop. It is empty for a name that there is
// not.
func About(name string) string {
	text, err := fs.ReadFile(FS, name+".yaml")
	if err != nil {
		return ""
	}
	var comment []string
	for line := range strings.Lines(string(text)) {
		words, isComment := strings.CutPrefix(line, "#")
		if !isComment {
			break
		}
		comment = append(comment, strings.TrimSpace(words))
	}
	about := strings.Join(comment, " ")
	if end := strings.IndexAny(about, ":."); end >= 0 {
		about = about[:end]
	}
	return about
}

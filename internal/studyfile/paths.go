package studyfile

import (
	"os"
	"path/filepath"
)

// resolvePaths makes the model's and the tasks' paths absolute: from dir when
// something is there, else from the current folder. Workers may run anywhere.
func resolvePaths(train map[string]any, dir string) {
	resolveKey(train, "model", dir)
	resolveKey(train, "warm_start", dir)
	for _, key := range []string{"model", "tasks"} {
		if inner, ok := train[key].(map[string]any); ok {
			resolveKey(inner, "path", dir)
			resolveKey(inner, "tokenizer", dir)
		}
	}
}

func resolveKey(m map[string]any, key, dir string) {
	path, ok := m[key].(string)
	if !ok || path == "" || filepath.IsAbs(path) {
		return
	}
	beside := filepath.Join(dir, path)
	if _, err := os.Stat(beside); err == nil {
		path = beside
	}
	// Abs fails only when the current folder is gone; the path is then left
	// for whoever opens it to complain about.
	if abs, err := filepath.Abs(path); err == nil {
		m[key] = abs
	}
}

package pretrain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/task"
)

// textColumn is the key of the text in a line of a .jsonl file.
const textColumn = "text"

// eachText calls do with every text below path: a file, or a folder whose
// .txt and .jsonl files are read in the order of their names, folders in it
// included. A text is a line of a .txt file, or what a line of a .jsonl file
// has under "text". Empty lines are passed over.
func eachText(path string, do func(text string)) error {
	files, err := textFiles(path)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := readTexts(file, do); err != nil {
			return err
		}
	}
	return nil
}

func textFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--text: there is no %s: name a .txt or .jsonl file, or a folder of them", path)
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if hidden := strings.HasPrefix(entry.Name(), ".") && file != path; hidden {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		switch strings.ToLower(filepath.Ext(file)) {
		case ".txt", ".jsonl":
			if !entry.IsDir() {
				files = append(files, file)
			}
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s holds no .txt or .jsonl file", path)
	}
	return files, err
}

func readTexts(path string, do func(text string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	jsonl := strings.EqualFold(filepath.Ext(path), ".jsonl")
	return task.EachLine(path, file, func(n int, line []byte) error {
		text := string(line)
		if jsonl && strings.TrimSpace(text) != "" {
			if text, err = lineText(line); err != nil {
				return fmt.Errorf("%s:%d: %w", path, n, err)
			}
		}
		if strings.TrimSpace(text) != "" {
			do(text)
		}
		return nil
	})
}

func lineText(line []byte) (string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return "", task.NotJSON(line, err)
	}
	raw, ok := object[textColumn]
	if !ok {
		return "", fmt.Errorf("the object has no %q", textColumn)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", errors.New("the text is not a string")
	}
	return text, nil
}

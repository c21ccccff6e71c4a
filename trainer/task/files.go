package task

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// Files lists the files that [Load] reads, in a fixed order; none for families
// that are generated. It opens none of them.
func Files(spec setting.Tasks) ([]string, error) {
	switch spec.Kind {
	case "wordnet":
		dir, err := findWordNet(spec.Path)
		if err != nil {
			return nil, err
		}
		files := make([]string, len(wordNetParts))
		for i, part := range wordNetParts {
			files[i] = filepath.Join(dir, part)
		}
		return files, nil
	case setting.KindImages:
		return imageFiles(spec.Path)
	case "parquet", "text-folder":
		wanted := isShard
		if spec.Kind == "parquet" {
			wanted = isParquet
		}
		info, err := os.Stat(spec.Path)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			return folderFiles(spec.Path, wanted)
		}
	}
	if spec.Generated() {
		return nil, nil
	}
	return []string{spec.Path}, nil
}

// imageFiles lists the files of a folder of class folders, or IDX files.
func imageFiles(path string) ([]string, error) {
	pairs, err := findIDX(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, pair := range pairs {
		files = append(files, pair.images, pair.labels)
	}
	if files != nil {
		return files, nil
	}
	folders, err := findClassFolders(path, "", 0)
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		for _, name := range folder.files {
			files = append(files, filepath.Join(folder.dir, name))
		}
	}
	return files, nil
}

// folderFiles lists the files of a folder whose ending is wanted, in order of
// name.
func folderFiles(dir string, wanted func(ext string) bool) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if wanted(strings.ToLower(filepath.Ext(e.Name()))) && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

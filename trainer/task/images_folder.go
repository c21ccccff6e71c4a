package task

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// imageExtensions are those of the files that count as images.
var imageExtensions = []string{".png", ".jpg", ".jpeg", ".gif"}

// unreadExtensions are those of images that cannot be read: left out in silence,
// they would be missed.
var unreadExtensions = []string{".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".jp2"}

// deepest bounds how folders are nested: a link may lead back to a folder
// above it.
const deepest = 16

// A classFolder is a folder that holds the images of one class.
type classFolder struct {
	dir   string
	name  string   // from the root on, with slashes
	files []string // names, ascending
}

// readClassFolders reads a folder of class folders. They may lie at any depth:
// alphabet/character01 is the name of a class, unless its upper part is to be
// a task.
func readClassFolders(spec setting.Tasks) ([]picture, error) {
	info, err := os.Stat(spec.Path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file: name a folder of class folders, or a file …-images-idx3-ubyte with its labels beside it", spec.Path)
	}
	folders, err := findClassFolders(spec.Path, "", 0)
	if err != nil {
		return nil, err
	}
	var pictures []picture // without pixels, at first
	for _, folder := range folders {
		key := classKey{label: folder.name}
		if spec.FoldersAsTasks {
			if key.task, key.label = path.Split(folder.name); key.task == "" {
				return nil, fmt.Errorf("%s: no folder above it could be a task: leave out tasks.folders_as_tasks", folder.dir)
			}
			key.task = strings.TrimSuffix(key.task, "/")
		}
		names := make([]string, len(folder.files))
		for i, name := range folder.files {
			names[i] = folder.name + "/" + name
		}
		for _, i := range choosePictures(names, spec) {
			pictures = append(pictures, picture{class: key, source: filepath.Join(folder.dir, folder.files[i])})
		}
	}
	return pictures, decodeAll(pictures, spec)
}

// findClassFolders lists the class folders in dir, whose name from the root
// on is name.
func findClassFolders(dir, name string, depth int) ([]classFolder, error) {
	if depth > deepest {
		return nil, fmt.Errorf("%s: folders are nested more than %d deep: does a link lead back to a folder above it?", dir, deepest)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	here := classFolder{dir: dir, name: name}
	var below []classFolder
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "__") { // .DS_Store, __MACOSX
			continue
		}
		full := filepath.Join(dir, e.Name())
		info, err := os.Stat(full) // follows links
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			more, err := findClassFolders(full, path.Join(name, e.Name()), depth+1)
			if err != nil {
				return nil, err
			}
			below = append(below, more...)
			continue
		}
		switch extension := strings.ToLower(filepath.Ext(e.Name())); {
		case slices.Contains(imageExtensions, extension):
			here.files = append(here.files, e.Name())
		case slices.Contains(unreadExtensions, extension):
			return nil, fmt.Errorf("%s: images of this kind are not read: convert or remove them; PNG, JPEG and GIF are read", full)
		}
	}
	switch {
	case len(here.files) > 0 && depth == 0:
		return nil, fmt.Errorf("%s holds images itself, such as %s: put those of each class into a folder of their own", dir, here.files[0])
	case len(here.files) > 0 && len(below) > 0:
		return nil, fmt.Errorf("%s holds both images and folders of them: a class folder holds images only", dir)
	case len(here.files) > 0:
		return []classFolder{here}, nil
	case len(below) == 0:
		return nil, fmt.Errorf("%s holds no images: fill it or remove it; PNG, JPEG and GIF are read", dir)
	}
	return below, nil
}

// decodeAll reads the files of pictures, several at once, and returns the
// error of the first of them that cannot be read.
func decodeAll(pictures []picture, spec setting.Tasks) error {
	errs := make([]error, len(pictures))
	var next int
	var mu sync.Mutex
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := take(); i < len(pictures); i = take() {
				class := pictures[i].class
				pictures[i], errs[i] = readPicture(pictures[i].source, spec)
				pictures[i].class = class
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

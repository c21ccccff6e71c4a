package task

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// Images are the pictures of a family, all of one size, one byte a channel. A
// family of rotations stores each picture once. It is immutable once loaded
// and safe for concurrent use.
type Images struct {
	Width, Height, Channels int     // Channels is 1, or 3 for red, green and blue
	Pixels                  []uint8 // [picture, row, column, channel]
}

// Size returns the bytes of one picture.
func (m *Images) Size() int { return m.Width * m.Height * m.Channels }

// Count returns the number of pictures, rotations not counted.
func (m *Images) Count() int { return len(m.Pixels) / m.Size() }

// quarters is the number of classes that rotation makes of one.
const quarters = 4

// Copy writes an example into dst, which has room for Size bytes: row by row,
// the channels of a pixel together. Example e is picture e % Count, turned
// counter-clockwise by e / Count quarters; pictures that are turned are square.
func (m *Images) Copy(dst []uint8, example int) {
	n := m.Count()
	picture := m.Pixels[example%n*m.Size():][:m.Size()]
	turns := example / n
	if turns == 0 {
		copy(dst, picture)
		return
	}
	last := m.Width - 1
	for row := range m.Height {
		for column := range m.Width {
			fromRow, fromColumn := row, column
			for range turns { // what comes to (r, c) was at (c, last - r)
				fromRow, fromColumn = fromColumn, last-fromRow
			}
			at, from := (row*m.Width+column)*m.Channels, (fromRow*m.Width+fromColumn)*m.Channels
			copy(dst[at:at+m.Channels], picture[from:from+m.Channels])
		}
	}
}

// A picture is one image as it was read.
type picture struct {
	class         classKey
	source        string // for messages
	pixels        []uint8
	width, height int
}

// loadImages reads a folder of class folders, or IDX files. check is told all
// pictures.
func loadImages(spec setting.Tasks, check func([]picture) error) (*Family, error) {
	pairs, err := findIDX(spec.Path)
	if err != nil {
		return nil, err
	}
	var pictures []picture
	if len(pairs) > 0 {
		pictures, err = readPairs(pairs, spec)
	} else {
		pictures, err = readClassFolders(spec)
	}
	if err != nil {
		return nil, err
	}
	if len(pictures) == 0 {
		return nil, fmt.Errorf("%s holds no images", filepath.Clean(spec.Path))
	}
	if err := check(pictures); err != nil {
		return nil, err
	}
	return gather(pictures, spec)
}

// gather makes a family of pictures of one size: equal ones of a class are kept
// once, and classes that are too small are left out.
func gather(pictures []picture, spec setting.Tasks) (*Family, error) {
	source := filepath.Clean(spec.Path)
	f := &Family{Source: source, Images: &Images{
		Width: pictures[0].width, Height: pictures[0].height, Channels: channels(spec),
	}}
	byClass := make(map[classKey][]int) // places in pictures
	for i, p := range pictures {
		byClass[p.class] = append(byClass[p.class], i)
	}
	kept := make(map[classKey][]int) // examples
	for _, key := range slices.SortedFunc(maps.Keys(byClass), classKey.compare) {
		list := f.distinct(pictures, byClass[key])
		if len(list) < spec.MinPerClass {
			f.SmallClasses++
			continue
		}
		for _, i := range list {
			kept[key] = append(kept[key], f.Images.Count())
			f.Images.Pixels = append(f.Images.Pixels, pictures[i].pixels...)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("%s: none of the classes (%d) has %d images: lower tasks.min_per_class", source, f.SmallClasses, spec.MinPerClass)
	}
	f.addImageClasses(kept, spec.Rotations)
	return f, nil
}

// checkSizes reports the first picture of another size than the others, and
// pictures that cannot be turned.
func checkSizes(pictures []picture, spec setting.Tasks) error {
	first := pictures[0]
	for _, p := range pictures {
		if p.width != first.width || p.height != first.height {
			return fmt.Errorf("%s is %d x %d pixels, but %s is %d x %d: set tasks.image_size to scale all to one size",
				p.source, p.width, p.height, first.source, first.width, first.height)
		}
	}
	if spec.Rotations && first.width != first.height {
		return fmt.Errorf("%s is %d x %d pixels, and only squares can be turned: set tasks.image_size, or leave out tasks.rotations",
			first.source, first.width, first.height)
	}
	return nil
}

// distinct returns those of a class's pictures that equal none before them.
func (f *Family) distinct(pictures []picture, class []int) []int {
	seen := make(map[uint64]struct{}, len(class))
	var list []int
	for _, i := range class {
		h := fnv.New64a()
		h.Write(pictures[i].pixels) // never fails
		if _, ok := seen[h.Sum64()]; ok {
			f.Duplicates++
			continue
		}
		seen[h.Sum64()] = struct{}{}
		list = append(list, i)
	}
	return list
}

// addImageClasses adds classes and tasks in order of name. With rotations
// each class comes four times, the turned ones named after the class and the
// angle: g@90.
func (f *Family) addImageClasses(kept map[classKey][]int, rotations bool) {
	turned := map[classKey]Class{}
	for key, examples := range kept {
		turned[key] = Class{Name: key.label, Examples: examples}
		for turns := 1; rotations && turns < quarters; turns++ {
			c := Class{Name: fmt.Sprintf("%s@%d", key.label, 90*turns), Of: key.label}
			for _, e := range examples {
				c.Examples = append(c.Examples, e+turns*f.Images.Count())
			}
			turned[classKey{key.task, c.Name}] = c
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(turned), classKey.compare) {
		c := turned[key]
		if c.Task = -1; key.task != "" {
			if n := len(f.Tasks); n == 0 || f.Tasks[n-1].Name != key.task {
				f.Tasks = append(f.Tasks, Task{Name: key.task})
			}
			c.Task = len(f.Tasks) - 1
			f.Tasks[c.Task].Classes = append(f.Tasks[c.Task].Classes, len(f.Classes))
		}
		f.Classes = append(f.Classes, c)
	}
}

// choosePictures returns the places, ascending, of the pictures that
// tasks.max_per_class lets a class keep: those whose names hash smallest.
func choosePictures(names []string, spec setting.Tasks) []int {
	places := make([]int, len(names))
	for i := range places {
		places[i] = i
	}
	if most := spec.MaxPerClass; most > 0 && len(names) > most {
		hash := func(i int) uint64 { return hashText(spec.SplitSeed, names[i]) }
		slices.SortFunc(places, func(a, b int) int { return cmp.Compare(hash(a), hash(b)) })
		places = places[:most]
		slices.Sort(places)
	}
	return places
}

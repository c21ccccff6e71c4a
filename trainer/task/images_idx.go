package task

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// The names of IDX files, as MNIST and those that follow it have them:
// train-images-idx3-ubyte.gz beside train-labels-idx1-ubyte.gz.
var (
	imagesIDX = regexp.MustCompile(`^(.*)images[-.]idx3-ubyte(\.gz)?$`)
	labelsIDX = regexp.MustCompile(`^(.*)labels[-.]idx1-[a-z0-9]+(\.gz)?$`)
)

// An idxPair is a file of images and the file of their labels.
type idxPair struct{ images, labels string }

// findIDX returns the pairs in a folder, or the pair of one file; none when
// the path is something else.
func findIDX(root string) ([]idxPair, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	dir, only := root, ""
	if !info.IsDir() {
		dir, only = filepath.Dir(root), filepath.Base(root)
		if !imagesIDX.MatchString(only) {
			return nil, nil
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var pairs []idxPair
	prefixes := make(map[string]bool)
	for _, e := range entries { // in order of name: x before x.gz
		m := imagesIDX.FindStringSubmatch(e.Name())
		if len(m) == 0 || prefixes[m[1]] || only != "" && e.Name() != only {
			continue
		}
		prefixes[m[1]] = true
		labels := slices.IndexFunc(entries, func(other os.DirEntry) bool {
			l := labelsIDX.FindStringSubmatch(other.Name())
			return len(l) > 0 && l[1] == m[1]
		})
		images := filepath.Join(dir, e.Name())
		if labels < 0 {
			return nil, fmt.Errorf("%s has no labels: the file %slabels-idx1-ubyte, or the same with .gz, must lie beside it", images, m[1])
		}
		pairs = append(pairs, idxPair{images, filepath.Join(dir, entries[labels].Name())})
	}
	return pairs, nil
}

// readPairs reads the pictures of IDX files. A label, in decimal, is a class;
// the pairs of a folder (MNIST's train and t10k) share theirs.
func readPairs(pairs []idxPair, spec setting.Tasks) ([]picture, error) {
	if spec.FoldersAsTasks {
		return nil, fmt.Errorf("%s: IDX files have no folders that could be tasks: leave out tasks.folders_as_tasks", pairs[0].images)
	}
	var pictures []picture
	byClass := make(map[string][]int)
	for _, pair := range pairs {
		images, err := readIDX(pair.images)
		if err != nil {
			return nil, err
		}
		labels, err := readIDX(pair.labels)
		if err != nil {
			return nil, err
		}
		names, err := labels.decimals()
		if err != nil {
			return nil, err
		}
		if len(images.dims) != 3 || images.kind != idxUint8 || images.dims[1] < 1 || images.dims[2] < 1 {
			return nil, fmt.Errorf("%s holds elements of type %#02x in %v: images are bytes in [number, height, width]", pair.images, images.kind, images.dims)
		}
		if images.dims[0] != len(names) {
			return nil, fmt.Errorf("%s holds %d images, but %s %d labels: the two do not belong together", pair.images, images.dims[0], pair.labels, len(names))
		}
		for i, name := range names {
			byClass[name] = append(byClass[name], len(pictures))
			pictures = append(pictures, images.picture(i, name))
		}
	}
	return choosePixels(pictures, byClass, spec), nil
}

// choosePixels returns the pictures that are kept, in their order, scaled and
// inverted as the settings say.
func choosePixels(pictures []picture, byClass map[string][]int, spec setting.Tasks) []picture {
	keep := make([]bool, len(pictures))
	for _, places := range byClass {
		names := make([]string, len(places))
		for i, p := range places {
			names[i] = strconv.Itoa(p)
		}
		for _, i := range choosePictures(names, spec) {
			keep[places[i]] = true
		}
	}
	var kept []picture
	for i, p := range pictures {
		if !keep[i] {
			continue
		}
		gray := &image.Gray{Pix: p.pixels, Stride: p.width, Rect: image.Rect(0, 0, p.width, p.height)}
		scaled := toPicture(gray, spec)
		scaled.class, scaled.source = p.class, p.source
		kept = append(kept, scaled)
	}
	return kept
}

// An idx is the content of an IDX file.
type idx struct {
	path string
	kind byte // of the elements
	dims []int
	data []byte // big-endian, the last dimension fastest
}

// The types of elements that are whole numbers.
const (
	idxUint8 = 0x08
	idxInt8  = 0x09
	idxInt16 = 0x0b
	idxInt32 = 0x0c
)

// idxBytes has the size of an element of each type; 0x0d and 0x0e are
// floating-point numbers.
var idxBytes = map[byte]int{idxUint8: 1, idxInt8: 1, idxInt16: 2, idxInt32: 4, 0x0d: 4, 0x0e: 8}

// readIDX reads a file of the format that came with MNIST
// (yann.lecun.com/exdb/mnist), compressed by gzip or not: two zero bytes, the
// type, the number of dimensions, their sizes as big-endian uint32, the data.
func readIDX(path string) (*idx, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	buffered := bufio.NewReader(file)
	var r io.Reader = buffered
	if magic, _ := buffered.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		if r, err = gzip.NewReader(buffered); err != nil {
			return nil, fmt.Errorf("%s: %w: fetch it again", path, err)
		}
	}
	x := &idx{path: path}
	if err := x.read(r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

// errCut is the error of a file that ends too early.
var errCut = errors.New("the file is cut short: fetch it again")

func (x *idx) read(r io.Reader) error {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return cut(err)
	}
	x.kind = magic[2]
	size := idxBytes[x.kind]
	if magic[0] != 0 || magic[1] != 0 || size == 0 || magic[3] == 0 {
		return fmt.Errorf("no IDX file: it begins with % x", magic)
	}
	total := int64(size)
	for range magic[3] {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil {
			return cut(err)
		}
		x.dims = append(x.dims, int(n))
		if total *= int64(n); total > 1<<40 {
			return fmt.Errorf("it claims to hold %v elements: the file is damaged", x.dims)
		}
	}
	var err error
	if x.data, err = io.ReadAll(io.LimitReader(r, total+1)); err != nil {
		return cut(err)
	}
	switch n := int64(len(x.data)); {
	case n < total:
		return fmt.Errorf("%d of %d bytes are there: %w", n, total, errCut)
	case n > total:
		return fmt.Errorf("there is more than the %v elements that it says it holds: the file is damaged", x.dims)
	}
	return nil
}

// cut translates the error of a reader that came to an end too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCut
	}
	return err
}

// picture returns image i.
func (x *idx) picture(i int, label string) picture {
	height, width := x.dims[1], x.dims[2]
	return picture{
		class: classKey{label: label}, source: fmt.Sprintf("%s, image %d", x.path, i),
		pixels: x.data[i*height*width:][:height*width], width: width, height: height,
	}
}

// decimals returns the elements of a list of whole numbers, written out.
func (x *idx) decimals() ([]string, error) {
	if len(x.dims) != 1 {
		return nil, fmt.Errorf("%s holds %v elements: labels are a list", x.path, x.dims)
	}
	names := make([]string, x.dims[0])
	for i := range names {
		var v int64
		switch x.kind {
		case idxUint8:
			v = int64(x.data[i])
		case idxInt8:
			v = int64(int8(x.data[i]))
		case idxInt16:
			v = int64(int16(binary.BigEndian.Uint16(x.data[2*i:])))
		case idxInt32:
			v = int64(int32(binary.BigEndian.Uint32(x.data[4*i:])))
		default:
			return nil, fmt.Errorf("%s holds floating-point numbers: labels are whole ones", x.path)
		}
		names[i] = strconv.FormatInt(v, 10)
	}
	return names, nil
}

package task

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// imageSpec returns the settings of images in a file or folder.
func imageSpec(path string) setting.Tasks {
	return setting.Tasks{Kind: setting.KindImages, Path: path, Fractions: setting.Fractions{Train: 0.5, Validation: 0.25, Test: 0.25}}
}

// tree writes files into a new folder; names have slashes.
func tree(t testing.TB, files map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if data == nil { // a folder
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// grayImage returns a gray image of one brightness with its first pixel black.
func grayImage(width, height int, brightness uint8) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = brightness
	}
	m.Pix[0] = 0
	return m
}

func encoded(t testing.TB, format string, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch format {
	case "png":
		err = png.Encode(&b, m)
	case "jpeg":
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 100})
	case "gif":
		err = gif.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// idxFile encodes an IDX file.
func idxFile(kind byte, dims []int, data []byte) []byte {
	out := []byte{0, 0, kind, byte(len(dims))}
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, uint32(d))
	}
	return append(out, data...)
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadClassFolders(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string][]byte{
		"Greek/alpha/1.png":    encoded(t, "png", grayImage(3, 3, 10)),
		"Greek/alpha/2.PNG":    encoded(t, "png", grayImage(3, 3, 20)),
		"Greek/alpha/3.png":    encoded(t, "png", grayImage(3, 3, 10)), // equal to 1.png
		"Greek/beta/1.gif":     encoded(t, "gif", grayImage(3, 3, 255)),
		"Latin/a/1.jpg":        encoded(t, "jpeg", grayImage(3, 3, 0)),
		"Latin/a/notes.txt":    []byte("not an image"),
		"Latin/a/.hidden.png":  []byte("nor this"),
		"__MACOSX/Greek/x.png": []byte("nor this"),
	})
	f := mustLoad(t, imageSpec(root))
	want := []Class{
		{Name: "Greek/alpha", Task: -1, Examples: []int{0, 1}},
		{Name: "Greek/beta", Task: -1, Examples: []int{2}},
		{Name: "Latin/a", Task: -1, Examples: []int{3}},
	}
	if diff := cmp.Diff(want, f.Classes); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	if f.Duplicates != 1 || f.Images.Width != 3 || f.Images.Height != 3 || f.Images.Channels != 1 {
		t.Errorf("%d duplicates, %d x %d x %d", f.Duplicates, f.Images.Width, f.Images.Height, f.Images.Channels)
	}
	for i, brightness := range []uint8{10, 20, 255, 0} {
		if got := f.Images.Pixels[9*i : 9*i+9]; got[0] != 0 || got[8] != brightness {
			t.Errorf("picture %d is %v, want a brightness of %d", i, got, brightness)
		}
	}

	spec := imageSpec(root)
	spec.FoldersAsTasks, spec.MinPerClass = true, 1
	f = mustLoad(t, spec)
	if want := []Task{{"Greek", []int{0, 1}}, {"Latin", []int{2}}}; !cmp.Equal(f.Tasks, want) || f.Classes[1].Name != "beta" || f.Classes[2].Task != 1 {
		t.Errorf("tasks %v of classes %v", f.Tasks, f.Classes)
	}
	spec.FoldersAsTasks, spec.MinPerClass = false, 2
	if f = mustLoad(t, spec); len(f.Classes) != 1 || f.SmallClasses != 2 {
		t.Errorf("with 2 a class: %v, %d left out", f.Classes, f.SmallClasses)
	}
	spec.MinPerClass, spec.MaxPerClass = 0, 1
	if f = mustLoad(t, spec); f.Images.Count() != 3 {
		t.Errorf("with at most 1 a class there are %d pictures", f.Images.Count())
	}
}

func TestLoadIDX(t *testing.T) {
	t.Parallel()
	pixels := make([]byte, 6*4)
	for i := range pixels {
		pixels[i] = byte(10 * i)
	}
	root := tree(t, map[string][]byte{
		"train-images-idx3-ubyte.gz": gzipped(t, idxFile(idxUint8, []int{4, 2, 2}, pixels[:16])),
		"train-labels-idx1-int.gz":   gzipped(t, idxFile(idxInt32, []int{4}, []byte{0, 0, 0, 7, 0, 0, 0, 10, 0, 0, 0, 7, 255, 255, 255, 255})),
		"t10k-images.idx3-ubyte":     idxFile(idxUint8, []int{2, 2, 2}, pixels[16:]),
		"t10k-labels.idx1-ubyte":     idxFile(idxUint8, []int{2}, []byte{7, 10}),
	})
	f := mustLoad(t, imageSpec(root))
	// t10k comes before train: pictures 0 and 1 are its.
	want := []Class{
		{Name: "-1", Task: -1, Examples: []int{0}},
		{Name: "10", Task: -1, Examples: []int{1, 2}},
		{Name: "7", Task: -1, Examples: []int{3, 4, 5}},
	}
	if diff := cmp.Diff(want, f.Classes); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	if got := f.Images.Pixels[4:8]; !slices.Equal(got, pixels[20:24]) { // the second of t10k
		t.Errorf("the first picture of class 10 is %v, want %v", got, pixels[20:24])
	}
	one := mustLoad(t, imageSpec(filepath.Join(root, "t10k-images.idx3-ubyte")))
	if len(one.Classes) != 2 || one.Images.Count() != 2 {
		t.Errorf("of one file there are the classes %v", one.Classes)
	}
	for kind, data := range map[byte][]byte{idxInt8: {0xfe, 5}, idxInt16: {0xff, 0xfe, 0, 5}} {
		x := idx{kind: kind, dims: []int{2}, data: data}
		if got, err := x.decimals(); err != nil || !slices.Equal(got, []string{"-2", "5"}) {
			t.Errorf("labels of type %#x: %v, %v", kind, got, err)
		}
	}
}

// TestScaling halves a checkerboard of 2 x 2 squares, which is itself again,
// and puts a transparent image on white.
func TestScaling(t *testing.T) {
	t.Parallel()
	board := image.NewGray(image.Rect(0, 0, 32, 32))
	for i := range board.Pix {
		if (i/32/16+i%32/16)%2 == 1 {
			board.Pix[i] = 255
		}
	}
	p := toPicture(board, setting.Tasks{ImageSize: 8})
	for i, v := range p.pixels {
		want := uint8(0)
		if (i/8/4+i%8/4)%2 == 1 {
			want = 255
		}
		row, column := i/8, i%8
		if inside := row%4 == 1 || row%4 == 2; inside && (column%4 == 1 || column%4 == 2) && max(v, want)-min(v, want) > 20 {
			t.Errorf("pixel %d, %d is %d, want about %d", row, column, v, want)
		}
	}
	drawing := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	drawing.Set(0, 0, color.NRGBA{R: 255, A: 255}) // red beside nothing
	if p := toPicture(drawing, setting.Tasks{Color: true}); !slices.Equal(p.pixels, []uint8{255, 0, 0, 255, 255, 255}) {
		t.Errorf("colours are %v", p.pixels)
	}
	if p := toPicture(drawing, setting.Tasks{}); !slices.Equal(p.pixels, []uint8{76, 255}) { // 0.299 x 255
		t.Errorf("brightness is %v", p.pixels)
	}
	if p := toPicture(drawing, setting.Tasks{Invert: true}); !slices.Equal(p.pixels, []uint8{179, 0}) {
		t.Errorf("inverted, brightness is %v", p.pixels)
	}
	if p := toPicture(grayImage(2, 1, 9), setting.Tasks{Invert: true}); !slices.Equal(p.pixels, []uint8{255, 246}) {
		t.Errorf("a gray image inverted is %v", p.pixels)
	}
}

func TestRotations(t *testing.T) {
	t.Parallel()
	m := &Images{Width: 2, Height: 2, Channels: 1, Pixels: []uint8{1, 2, 3, 4, 5, 6, 7, 8}}
	for example, want := range map[int][]uint8{
		0: {1, 2, 3, 4}, 1: {5, 6, 7, 8},
		2: {2, 4, 1, 3}, 4: {4, 3, 2, 1}, 6: {3, 1, 4, 2}, // as numpy.rot90 turns
	} {
		got := make([]uint8, 4)
		if m.Copy(got, example); !slices.Equal(got, want) {
			t.Errorf("example %d is %v, want %v", example, got, want)
		}
	}
	rgb := &Images{Width: 2, Height: 2, Channels: 3, Pixels: []uint8{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5}}
	got := make([]uint8, 12)
	if rgb.Copy(got, 1); !slices.Equal(got, []uint8{2, 2, 2, 4, 4, 5, 1, 1, 1, 3, 3, 3}) {
		t.Errorf("in colour: %v", got)
	}
}

// TestSplitOfRotations holds the turned classes against the split: they are
// where the class is that they were made of.
func TestSplitOfRotations(t *testing.T) {
	t.Parallel()
	files := make(map[string][]byte)
	for class := range 8 {
		for i := range 3 {
			files[fmt.Sprintf("c%d/%d.png", class, i)] = encoded(t, "png", grayImage(4, 4, uint8(10*class+i+1)))
		}
	}
	spec := imageSpec(tree(t, files))
	spec.Rotations = true
	f := mustLoad(t, spec)
	if len(f.Classes) != 32 || f.Images.Count() != 24 {
		t.Fatalf("%d classes of %d pictures", len(f.Classes), f.Images.Count())
	}
	split, err := DrawSplit(f, spec.Fractions, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(split[Train]) + len(split[Validation]) + len(split[Test]); n != 8 {
		t.Fatalf("the split has %d names, want 8: %v", n, split)
	}
	seen := make(map[int]string) // picture -> part
	for _, role := range roles {
		s, err := NewSampler(f, split, role, Shape{Ways: 5, Shots: 1, QueryShots: 2}, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			e := s.Episode(i)
			for _, x := range slices.Concat(e.Support.Examples, e.Query.Examples) {
				picture := x % f.Images.Count()
				if other := seen[picture]; other != "" && other != role {
					t.Fatalf("picture %d is in meta-%s and in meta-%s", picture, other, role)
				}
				seen[picture] = role
			}
			for label, class := range e.Classes {
				if x := e.Query.Examples[2*label]; !slices.Contains(f.Classes[class].Examples, x) {
					t.Fatalf("example %d is not of class %s", x, f.Classes[class].Name)
				}
			}
		}
	}
	if len(seen) != 24 {
		t.Errorf("%d of 24 pictures were drawn", len(seen))
	}
}

func TestBadImages(t *testing.T) {
	t.Parallel()
	small, large := encoded(t, "png", grayImage(3, 3, 9)), encoded(t, "png", grayImage(5, 4, 9))
	images := idxFile(idxUint8, []int{2, 2, 2}, make([]byte, 8))
	labels := idxFile(idxUint8, []int{2}, []byte{1, 2})
	const imagesName, labelsName = "x-images-idx3-ubyte", "x-labels-idx1-ubyte"
	tests := []struct {
		name   string
		files  map[string][]byte
		change func(*setting.Tasks)
		want   string
	}{
		{"mixed sizes", map[string][]byte{"a/1.png": small, "b/1.png": large}, nil, "b/1.png is 5 x 4 pixels, but"},
		{"turned rectangles", map[string][]byte{"a/1.png": large}, func(s *setting.Tasks) { s.Rotations = true }, "only squares can be turned"},
		{"unreadable", map[string][]byte{"a/1.png": small, "a/2.png": []byte("hello")}, nil, "a/2.png: not an image that can be read"},
		{"cut short", map[string][]byte{"a/1.png": small[:len(small)-20]}, nil, "a/1.png: not an image that can be read"},
		{"empty class", map[string][]byte{"a/1.png": small, "b": nil}, nil, "b holds no images: fill it or remove it"},
		{"other files", map[string][]byte{"a/1.bmp": small}, nil, "PNG, JPEG and GIF are read"},
		{"another kind beside images", map[string][]byte{"a/1.png": small, "a/2.WebP": small}, nil, "a/2.WebP: images of this kind are not read: convert or remove them"},
		{"nothing", nil, nil, "holds no images"},
		{"no class folders", map[string][]byte{"1.png": small}, nil, "put those of each class into a folder of their own"},
		{"images beside folders", map[string][]byte{"a/1.png": small, "a/b/1.png": small}, nil, "holds both images and folders"},
		{"no folder for a task", map[string][]byte{"a/1.png": small}, func(s *setting.Tasks) { s.FoldersAsTasks = true }, "leave out tasks.folders_as_tasks"},
		{"too few", map[string][]byte{"a/1.png": small}, func(s *setting.Tasks) { s.MinPerClass = 3 }, "none of the classes (1) has 3 images"},
		{"no labels", map[string][]byte{imagesName: images}, nil, "has no labels: the file x-labels-idx1-ubyte"},
		{"counts differ", map[string][]byte{imagesName: images, labelsName: idxFile(idxUint8, []int{3}, []byte{1, 2, 3})}, nil, "2 images, but"},
		{"cut data", map[string][]byte{imagesName: images[:20], labelsName: labels}, nil, "4 of 8 bytes are there: the file is cut short"},
		{"cut header", map[string][]byte{imagesName: images[:9], labelsName: labels}, nil, "cut short"},
		{"empty file", map[string][]byte{imagesName: {}, labelsName: labels}, nil, "cut short"},
		{"cut gzip", map[string][]byte{imagesName + ".gz": gzipped(t, images)[:20], labelsName: labels}, nil, "cut short"},
		{"more than announced", map[string][]byte{imagesName: append(slices.Clone(images), 1), labelsName: labels}, nil, "the file is damaged"},
		{"huge", map[string][]byte{imagesName: idxFile(idxUint8, []int{1 << 30, 1 << 20, 2}, nil), labelsName: labels}, nil, "the file is damaged"},
		{"no IDX", map[string][]byte{imagesName: []byte("P5 2 2 255 and so on"), labelsName: labels}, nil, "no IDX file"},
		{"labels of two dimensions", map[string][]byte{imagesName: images, labelsName: idxFile(idxUint8, []int{2, 1}, []byte{1, 2})}, nil, "labels are a list"},
		{"labels as fractions", map[string][]byte{imagesName: images, labelsName: idxFile(0x0d, []int{2}, make([]byte, 8))}, nil, "labels are whole ones"},
		{"images of 16 bits", map[string][]byte{imagesName: idxFile(idxInt16, []int{2, 2, 2}, make([]byte, 16)), labelsName: labels}, nil, "images are bytes"},
		{"tasks of IDX", map[string][]byte{imagesName: images, labelsName: labels}, func(s *setting.Tasks) { s.FoldersAsTasks = true }, "leave out tasks.folders_as_tasks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imageSpec(tree(t, tt.files))
			if tt.change != nil {
				tt.change(&s)
			}
			_, err := Load(s)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := Load(imageSpec(file(t, "a.png", string(small)))); err == nil || !strings.Contains(err.Error(), "is a file: name a folder") {
		t.Errorf("a file: %v", err)
	}
	if _, err := Load(imageSpec(filepath.Join(t.TempDir(), "missing"))); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

// TestTooFewImages finds what is missing for the episodes that are asked for.
func TestTooFewImages(t *testing.T) {
	t.Parallel()
	files := make(map[string][]byte)
	for class := range 6 {
		for i := range 3 {
			files[fmt.Sprintf("c%d/%d.png", class, i)] = encoded(t, "png", grayImage(4, 4, uint8(10*class+i+1)))
		}
	}
	f := mustLoad(t, imageSpec(tree(t, files)))
	split, err := DrawSplit(f, setting.Fractions{Train: 0.34, Validation: 0.33, Test: 0.33}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSampler(f, split, Train, Shape{Ways: 5, Shots: 1, QueryShots: 1}, 1); err == nil || !strings.Contains(err.Error(), "has 2 of the 6 classes, 5 are needed") {
		t.Errorf("too few classes: %v", err)
	}
	if _, err := NewSampler(f, split, Train, Shape{Ways: 2, Shots: 2, QueryShots: 2}, 1); err == nil || !strings.Contains(err.Error(), "needs 4 different examples") {
		t.Errorf("too few images: %v", err)
	}
}

func TestReadImages(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string][]byte{
		"a.png": encoded(t, "png", grayImage(4, 4, 50)),
		"b.png": encoded(t, "png", grayImage(8, 8, 70)),
	})
	paths := []string{filepath.Join(root, "a.png"), filepath.Join(root, "b.png")}
	m, err := ReadImages(paths, setting.Tasks{ImageSize: 4}, 4, 4)
	if err != nil || m.Count() != 2 || m.Pixels[5] != 50 || m.Pixels[16+15] != 70 {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := ReadImages(paths, setting.Tasks{}, 4, 4); err == nil || !strings.Contains(err.Error(), "b.png is 8 x 8 pixels, the model takes 4 x 4") {
		t.Errorf("another size: %v", err)
	}
}

package tinymodel

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// The alphabet: a character is some curves within a square, an example of it
// the same curves drawn by an unsteady hand.
const (
	leastStrokes, mostStrokes = 2, 4
	unsteadiness              = 0.05 // deviation of a point, as a share of the side
	pen                       = 0.04 // radius, as a share of the side
)

// A stroke is a quadratic Bézier curve, its points in [0, 1]².
type stroke [3][2]float64

// Strokes writes characters into a new folder, as [WriteStrokes] does, and
// returns it.
func Strokes(t testing.TB, classes, examples, size int) string {
	t.Helper()
	root := t.TempDir()
	WriteStrokes(t, root, classes, examples, size)
	return root
}

// WriteStrokes writes a folder of class folders: characters c000, c001, … of
// black ink on white paper, examples PNG files each, that many pixels wide and
// high.
func WriteStrokes(t testing.TB, root string, classes, examples, size int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 1))
	for class := range classes {
		dir := filepath.Join(root, fmt.Sprintf("c%03d", class))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		character := make([]stroke, leastStrokes+rng.IntN(mostStrokes-leastStrokes+1))
		for i := range character {
			for j := range character[i] {
				character[i][j] = [2]float64{0.15 + 0.7*rng.Float64(), 0.15 + 0.7*rng.Float64()}
			}
		}
		for example := range examples {
			drawing := draw(rng, character, size)
			if err := writePNG(filepath.Join(dir, fmt.Sprintf("%02d.png", example)), drawing); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func draw(rng *rand.Rand, character []stroke, size int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, size, size))
	for i := range m.Pix {
		m.Pix[i] = 0xff
	}
	for _, s := range character {
		for j := range s {
			s[j][0] += unsteadiness * rng.NormFloat64()
			s[j][1] += unsteadiness * rng.NormFloat64()
		}
		for k := range 3 * size {
			u := float64(k) / float64(3*size-1)
			a, b, c := (1-u)*(1-u), 2*u*(1-u), u*u
			dot(m, float64(size)*(a*s[0][0]+b*s[1][0]+c*s[2][0]), float64(size)*(a*s[0][1]+b*s[1][1]+c*s[2][1]), pen*float64(size))
		}
	}
	return m
}

// dot darkens the pixels within radius of a point; the edge is a pixel wide.
func dot(m *image.Gray, x, y, radius float64) {
	reach := int(radius) + 2
	for row := int(y) - reach; row <= int(y)+reach; row++ {
		for column := int(x) - reach; column <= int(x)+reach; column++ {
			if !(image.Pt(column, row).In(m.Rect)) {
				continue
			}
			distance := math.Hypot(float64(column)+0.5-x, float64(row)+0.5-y)
			ink := math.Max(0, math.Min(1, radius+0.5-distance))
			paper := uint8(math.Round(255 * (1 - ink)))
			if paper < m.GrayAt(column, row).Y {
				m.SetGray(column, row, color.Gray{Y: paper})
			}
		}
	}
}

func writePNG(path string, m image.Image) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(file, m); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

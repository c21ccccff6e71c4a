package task

import (
	"fmt"
	"image"
	_ "image/gif" // the formats that are read
	_ "image/jpeg"
	_ "image/png"
	"os"

	// Its scalers weigh every pixel that a smaller picture stands for; the
	// standard library cannot scale.
	"golang.org/x/image/draw"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// longestSide bounds the pixels of a side, and with it the memory that a
// file of a few bytes can ask for.
const longestSide = 8192

// ReadImages reads image files as the family of these tasks was read. Where
// image_size is not set, all must be width x height pixels.
func ReadImages(paths []string, spec setting.Tasks, width, height int) (*Images, error) {
	m := &Images{Width: width, Height: height, Channels: channels(spec)}
	for _, path := range paths {
		p, err := readPicture(path, spec)
		if err != nil {
			return nil, err
		}
		p.source = path
		if err := p.sized(width, height); err != nil {
			return nil, err
		}
		m.Pixels = append(m.Pixels, p.pixels...)
	}
	return m, nil
}

// sized returns an error unless a picture has the size that a model takes.
func (p picture) sized(width, height int) error {
	if p.width != width || p.height != height {
		return fmt.Errorf("%s is %d x %d pixels, the model takes %d x %d: scale it to that size", p.source, p.width, p.height, width, height)
	}
	return nil
}

func readPicture(path string, spec setting.Tasks) (picture, error) {
	bad := func(err error) (picture, error) {
		return picture{}, fmt.Errorf("%s: not an image that can be read (%w): replace or remove it; PNG, JPEG and GIF are read", path, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return picture{}, err
	}
	defer file.Close()
	header, _, err := image.DecodeConfig(file)
	if err != nil {
		return bad(err)
	}
	if header.Width > longestSide || header.Height > longestSide || header.Width < 1 || header.Height < 1 {
		return picture{}, fmt.Errorf("%s is %d x %d pixels: sides of 1 to %d are read", path, header.Width, header.Height, longestSide)
	}
	if _, err := file.Seek(0, 0); err != nil {
		return picture{}, err
	}
	decoded, _, err := image.Decode(file)
	if err != nil {
		return bad(err)
	}
	p := toPicture(decoded, spec)
	p.source = path
	return p, nil
}

func channels(spec setting.Tasks) int {
	if spec.Color {
		return 3
	}
	return 1
}

// toPicture scales an image as the settings say, puts it on white where it is
// transparent, and keeps its brightness or its colours. The filter is Catmull
// and Rom's cubic, which for a smaller picture is widened to the pixels that
// each new one stands for.
func toPicture(from image.Image, spec setting.Tasks) picture {
	bounds := from.Bounds()
	width, height := bounds.Dx(), bounds.Dy()
	if spec.ImageSize > 0 {
		width, height = spec.ImageSize, spec.ImageSize
	}
	scaled := width != bounds.Dx() || height != bounds.Dy()
	p := picture{width: width, height: height, pixels: make([]uint8, 0, width*height*channels(spec))}
	if gray, ok := from.(*image.Gray); ok && !scaled && !spec.Color {
		for y := range height {
			p.pixels = append(p.pixels, gray.Pix[y*gray.Stride:][:width]...)
		}
		p.invert(spec)
		return p
	}
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(to, to.Bounds(), image.White, image.Point{}, draw.Src)
	if scaled {
		draw.CatmullRom.Scale(to, to.Bounds(), from, bounds, draw.Over, nil)
	} else {
		draw.Draw(to, to.Bounds(), from, bounds.Min, draw.Over)
	}
	for i := 0; i < len(to.Pix); i += 4 {
		r, g, b := to.Pix[i], to.Pix[i+1], to.Pix[i+2]
		if spec.Color {
			p.pixels = append(p.pixels, r, g, b)
		} else {
			p.pixels = append(p.pixels, luma(r, g, b))
		}
	}
	p.invert(spec)
	return p
}

// luma is the brightness of a colour by ITU-R BT.601, in the fixed-point
// form of the standard library's color.GrayModel.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// invert turns black and white round where the settings say so.
func (p *picture) invert(spec setting.Tasks) {
	if !spec.Invert {
		return
	}
	for i, v := range p.pixels {
		p.pixels[i] = 0xff - v
	}
}

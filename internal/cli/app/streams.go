package app

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Streams are where a verb reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	InTerminal  bool
	OutTerminal bool
	ErrRedraws  bool // Err is a terminal on which lines can be drawn again
	Color       bool // Out shows colours
	Width       int  // of Out in columns; 0: unknown
}

// SystemStreams returns the process's own streams. NO_COLOR and a TERM of
// dumb turn colours off (https://no-color.org). A dumb terminal cannot move its
// cursor either, and on one without a size, which some programs make for those
// that they run, nothing would be drawn.
func SystemStreams() *Streams {
	s := &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
	}
	dumb := os.Getenv("TERM") == "dumb"
	s.Color = s.OutTerminal && os.Getenv("NO_COLOR") == "" && !dumb
	s.Width, _ = size(os.Stdout)
	width, height := size(os.Stderr)
	s.ErrRedraws = width > 0 && height > 0 && !dumb
	return s
}

// size returns the columns and rows of a terminal; zeros of what is none.
func size(f *os.File) (width, height int) {
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

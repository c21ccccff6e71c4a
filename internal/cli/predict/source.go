package predict

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/hpsearch/hpsearch/internal/cli/app"
)

// source yields the texts: the arguments, else lines of the standard input until
// ctx ends.
func (o *Options) source(ctx context.Context) iter.Seq2[string, error] {
	if len(o.Texts) > 0 {
		return func(yield func(string, error) bool) {
			for i, text := range o.Texts {
				if !yield(text, checkText(text, fmt.Sprintf("text %d", i+1))) {
					return
				}
			}
		}
	}
	return func(yield func(string, error) bool) {
		n := 0
		for line, err := range lines(ctx, o.In) {
			n++
			where := fmt.Sprintf("standard input, line %d", n)
			if err != nil && ctx.Err() == nil {
				err = fmt.Errorf("%s: %w", where, err)
			}
			if err == nil {
				err = checkText(line, where)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// lines yields the lines of a reader without their ends. Reading cannot be
// interrupted: when ctx ends, what is not read yet is left alone.
func lines(ctx context.Context, r io.Reader) iter.Seq2[string, error] {
	type item struct {
		text string
		err  error
	}
	read := make(chan item)
	go func() {
		defer close(read)
		in := bufio.NewReaderSize(r, 64<<10)
		for {
			text, err := in.ReadString('\n')
			select {
			case read <- item{text, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return func(yield func(string, error) bool) {
		for {
			select {
			case <-ctx.Done():
				yield("", app.ErrInterrupted)
				return
			case line, more := <-read:
				text := strings.TrimRight(line.text, "\r\n")
				switch {
				case !more:
					return
				case line.text != "" && !yield(text, nil): // else the end, and no line
					return
				case line.err != nil && !errors.Is(line.err, io.EOF):
					yield("", line.err)
					return
				}
			}
		}
	}
}

func checkText(text, where string) error {
	if len(text) > maxText {
		return fmt.Errorf("%s: longer than %d KiB: cut it into pieces", where, maxText>>10)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s: not UTF-8: convert it, with iconv -t utf-8 for example", where)
	}
	return nil
}

// batches groups texts; an error ends them.
func batches(texts iter.Seq2[string, error]) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var batch []string
		size := 0
		for text, err := range texts {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(batch) == batchLines || size+len(text) > batchBytes && len(batch) > 0 {
				if !yield(batch, nil) {
					return
				}
				batch, size = nil, 0
			}
			batch, size = append(batch, text), size+len(text)
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

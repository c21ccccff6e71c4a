package predict

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/internal/cli/app"
)

func TestAbsolute(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a.png")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := absolute([]string{file}); err != nil || len(got) != 1 || got[0] != file {
		t.Errorf("a file: %v, %v", got, err)
	}
	for name, want := range map[string]string{
		dir:                            "is a folder: name the image files in it",
		filepath.Join(dir, "none.png"): "there is no image file",
		filepath.Join(file, "deeper"):  "not a directory",
	} {
		if _, err := absolute([]string{file, name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var got []string
	for line, err := range lines(t.Context(), strings.NewReader("a\r\n\nb")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line)
	}
	if strings.Join(got, "|") != "a||b" {
		t.Errorf("got %q", got)
	}
}

// TestLines_interrupted: nobody has to type a line to get away.
func TestLines_interrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in, typed := io.Pipe()
	defer typed.Close()
	go func() { _, _ = io.WriteString(typed, "one\n") }()
	count := 0
	for _, err := range lines(ctx, in) {
		if count++; count == 1 {
			cancel()
			continue
		}
		if !errors.Is(err, app.ErrInterrupted) {
			t.Errorf("after the interrupt: %v", err)
		}
	}
	if count != 2 {
		t.Errorf("%d lines and errors, want a line and an error", count)
	}
}

func TestSource_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		texts []string
		in    string
		want  string
	}{
		"argument": {texts: []string{"fine", "caf\xe9"}, want: "text 2: not UTF-8: convert it"},
		"line":     {in: "fine\ncaf\xe9\nfine\n", want: "standard input, line 2: not UTF-8: convert it"},
		"long":     {in: strings.Repeat("a", maxText+1), want: "standard input, line 1: longer than"},
	} {
		o := &Options{Factory: &app.Factory{Streams: &app.Streams{In: strings.NewReader(c.in)}}, Texts: c.texts}
		var last error
		for _, err := range o.source(t.Context()) {
			if last = err; err != nil {
				break
			}
		}
		if last == nil || !strings.Contains(last.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, last, c.want)
		}
	}
}

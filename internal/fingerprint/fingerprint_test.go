package fingerprint

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// place is a folder with files of the given texts.
func place(t *testing.T, texts map[string]string) Source {
	t.Helper()
	s := Source{Path: t.TempDir()}
	for _, name := range []string{"a", "b", "c"} {
		text, ok := texts[name]
		if !ok {
			continue
		}
		path := filepath.Join(s.Path, name)
		write(t, path, text, time.Unix(1000, 0))
		s.Files = append(s.Files, path)
	}
	return s
}

func write(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	later := time.Unix(2000, 0)
	for name, tt := range map[string]struct {
		change func(t *testing.T, s *Source)
		want   bool
		newest string
	}{
		"nothing":               {func(*testing.T, *Source) {}, false, "a"},
		"touched":               {func(t *testing.T, s *Source) { write(t, s.Files[1], "two", later) }, false, "b"},
		"same size, other text": {func(t *testing.T, s *Source) { write(t, s.Files[1], "owt", later) }, true, "b"},
		"other size":            {func(t *testing.T, s *Source) { write(t, s.Files[1], "three", later) }, true, "b"},
		"one more": {func(t *testing.T, s *Source) {
			path := filepath.Join(s.Path, "c")
			write(t, path, "", later)
			s.Files = append(s.Files, path)
		}, true, "c"},
		"one less": {func(_ *testing.T, s *Source) { s.Files = s.Files[:1] }, true, "a"},
		"texts exchanged": {func(t *testing.T, s *Source) {
			write(t, s.Files[0], "two", later)
			write(t, s.Files[1], "one", later)
		}, true, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := place(t, map[string]string{"a": "one", "b": "two"})
			was, err := Take(t.Context(), s)
			if err != nil || was.Files != 2 || was.Bytes != 6 || len(was.SHA256) != 64 {
				t.Fatalf("%+v, %v", was, err)
			}
			tt.change(t, &s)
			changed, newest, err := Changed(t.Context(), was, s)
			if err != nil || changed != tt.want || filepath.Base(newest) != tt.newest {
				t.Errorf("%v, %s, %v; want %v, %s", changed, newest, err, tt.want, tt.newest)
			}
		})
	}
}

// TestElsewhere: the same files in another folder are the same source.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"a": "one", "b": "two"}
	was, err := Take(t.Context(), place(t, texts))
	if err != nil {
		t.Fatal(err)
	}
	there := place(t, texts)
	write(t, there.Files[0], texts["a"], time.Unix(3000, 0))
	if changed, _, err := Changed(t.Context(), was, there); changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	missing := Source{Path: t.TempDir(), Files: []string{filepath.Join(t.TempDir(), "none")}}
	if _, err := Take(t.Context(), missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Take: %v", err)
	}
	s := place(t, map[string]string{"a": "one"})
	was, err := Take(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Changed(t.Context(), was, missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Changed: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Take(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

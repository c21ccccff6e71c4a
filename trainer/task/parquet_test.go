package task

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// record is a row of a test file. Label is a number in some.
type record struct {
	Other string  `parquet:"other"`
	Text  *string `parquet:"text,optional,zstd"`
	Label int64   `parquet:"label"`
	Task  string  `parquet:"task,dict"`
}

func writeParquet[T any](t *testing.T, path string, rows []T) {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.MaxRowsPerRowGroup(100), parquet.PageBufferSize(512))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, path, b.String())
}

func records(from, to int) []record {
	var rows []record
	for i := from; i < to; i++ {
		text := fmt.Sprintf("text %d", i)
		rows = append(rows, record{"x", &text, int64(i % 3), fmt.Sprintf("task %d", i%4)})
	}
	return rows
}

// TestParquet: a file and the same rows in shards are the family that JSONL
// gives.
func TestParquet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shards := filepath.Join(dir, "shards")
	if err := os.Mkdir(shards, 0o755); err != nil {
		t.Fatal(err)
	}
	writeParquet(t, filepath.Join(dir, "all.parquet"), records(0, 1000))
	writeParquet(t, filepath.Join(shards, "train-00000-of-00002.parquet"), records(0, 700))
	writeParquet(t, filepath.Join(shards, "train-00001-of-00002.parquet"), records(700, 1000))
	var lines strings.Builder
	for _, r := range records(0, 1000) {
		fmt.Fprintf(&lines, `{"text": %q, "label": %d, "task": %q}`+"\n", *r.Text, r.Label, r.Task)
	}
	put(t, filepath.Join(dir, "all.jsonl"), lines.String())
	load := func(kind, path string) *Family {
		f, err := Load(setting.Tasks{Kind: kind, Path: path, Text: "text", Label: "label", Task: "task", MaxPerClass: 50})
		if err != nil {
			t.Fatal(err)
		}
		f.Source = ""
		return f
	}
	want := load("jsonl", filepath.Join(dir, "all.jsonl"))
	for _, path := range []string{"all.parquet", "shards"} {
		if diff := cmp.Diff(want, load("parquet", filepath.Join(dir, path))); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if diff := cmp.Diff(want, load("text-folder", shards)); diff != "" {
		t.Error(diff)
	}
}

// TestParquet_pyarrow reads a file that pyarrow wrote; the command is in
// testdata/parquet.py.
func TestParquet_pyarrow(t *testing.T) {
	t.Parallel()
	f, err := Load(setting.Tasks{Kind: "parquet", Path: "testdata/pyarrow.parquet", Text: "text", Label: "score", Task: "task", Type: setting.Regression})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tasks) != 2 || len(f.Texts) != 6 || f.Texts[1] != "Crème brûlée" || f.Values[1] != 1.5 || f.Tasks[0].Name != "a" {
		t.Errorf("%+v", f)
	}
}

func TestParquet_badInput(t *testing.T) {
	t.Parallel()
	type lists struct {
		Text  string   `parquet:"text"`
		Label []string `parquet:"label,list"`
	}
	dir := t.TempDir()
	bad := "caf\xe9"
	for name, write := range map[string]func(path string){
		"no.parquet: not a readable Parquet file":                      func(path string) { put(t, path, "PAR1 this is none, whatever it says PAR1") },
		"short.parquet: not a readable Parquet file":                   func(path string) { put(t, path, "PAR1") },
		"null.parquet: row 2: the text is empty":                       func(path string) { writeParquet(t, path, []record{records(0, 1)[0], {Task: "x"}}) },
		"latin.parquet: row 1: the text is not UTF-8":                  func(path string) { writeParquet(t, path, []record{{Text: &bad, Task: "x"}}) },
		"none.parquet holds no examples":                               func(path string) { writeParquet(t, path, []record{}) },
		`list.parquet: no column "label": the columns are text, label`: func(path string) { writeParquet(t, path, []lists{{"a", []string{"b"}}}) },
		"number.parquet: row 1: the text is 5, not a string": func(path string) {
			writeParquet(t, path, []struct {
				Text  int64 `parquet:"text"`
				Label int64 `parquet:"label"`
			}{{5, 6}})
		},
	} {
		path := filepath.Join(dir, strings.FieldsFunc(name, func(c rune) bool { return c == ':' || c == ' ' })[0])
		write(path)
		_, err := Load(setting.Tasks{Kind: "parquet", Path: path, Text: "text", Label: "label", Task: "task"})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, name)
		}
	}
	// A file cut in the middle is refused wherever the cut is.
	whole := filepath.Join(dir, "whole.parquet")
	writeParquet(t, whole, records(0, 300))
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(data); cut += len(data) / 7 {
		put(t, whole, string(data[:cut]))
		if _, err := Load(setting.Tasks{Kind: "parquet", Path: whole, Text: "text", Label: "label", Task: "task"}); err == nil {
			t.Errorf("a file cut to %d of %d bytes was read", cut, len(data))
		}
	}
}

// million yields a million lines without holding them.
type million struct {
	row  int
	left []byte
}

func (m *million) Read(p []byte) (int, error) {
	if len(m.left) == 0 {
		if m.row == 1_000_000 {
			return 0, io.EOF
		}
		m.left = fmt.Appendf(m.left[:0], `{"text": "row %d says that the printer on floor %d is out of paper again", "label": "c%d"}`+"\n", m.row, m.row%9, m.row%20)
		m.row++
	}
	n := copy(p, m.left)
	m.left = m.left[n:]
	return n, nil
}

// TestMillionRows: with max_per_class, memory is bounded by what is kept.
func TestMillionRows(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a million rows")
	}
	spec := setting.Tasks{Text: "text", Label: "label", Task: "task", MaxPerClass: 100}
	b := newBuilder(spec)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if err := readJSONL("million.jsonl", new(million), spec, b); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d bytes are kept of 2,000 texts", grown)
	}
	f, err := b.family("million.jsonl")
	if err != nil || len(f.Texts) != 2000 || b.rows != 1_000_000 {
		t.Errorf("%d texts of %d rows, %v", len(f.Texts), b.rows, err)
	}
}

package task

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	// Pure Go and kept up by the people of several databases; of Apache's
	// arrow-go, the other choice, one would take in all of Arrow.
	"github.com/parquet-go/parquet-go"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// parquetValues is the number of values of a column that are read at once: it
// bounds memory beside what a page takes.
const parquetValues = 256

// readParquet reads a .parquet file, or all of a folder in the order of their
// names, as data sets in shards are kept.
func readParquet(path string, spec setting.Tasks, b *builder) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return readParquetFile(path, spec, b)
	}
	return readFolder(path, spec, b, isParquet, "no .parquet file")
}

// readParquetFile reads one file; rows are counted from 1 in messages.
func readParquetFile(path string, spec setting.Tasks, b *builder) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	// The library panics on some damaged files.
	defer func() {
		if fault := recover(); fault != nil {
			err = damagedParquet(path, fmt.Errorf("%v", fault))
		}
	}()
	f, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return damagedParquet(path, err)
	}
	columns, err := findLeaves(path, f.Schema(), spec)
	if err != nil {
		return err
	}
	first := int64(1) // row of the group
	for _, group := range f.RowGroups() {
		if err := readGroup(path, group, columns, first, b); err != nil {
			return err
		}
		first += group.NumRows()
	}
	if first == 1 {
		return fmt.Errorf("%s holds no examples: is it the right file?", path)
	}
	return nil
}

func damagedParquet(path string, err error) error {
	return fmt.Errorf("%s: not a readable Parquet file: %w; copy it again", path, err)
}

// leaves are the indices of columns; -1: none.
type leaves struct{ text, label, task int }

func findLeaves(path string, schema *parquet.Schema, spec setting.Tasks) (leaves, error) {
	var there []string
	for _, field := range schema.Fields() {
		there = append(there, field.Name())
	}
	find := func(column, role string, needed bool) (int, error) {
		leaf, ok := schema.Lookup(column)
		switch {
		case !ok && needed:
			return -1, missingColumn(path, column, role, there)
		case !ok:
			return -1, nil
		case leaf.MaxRepetitionLevel > 0:
			return -1, fmt.Errorf("%s: the column %q holds lists: set tasks.%s to one of single values", path, column, role)
		}
		return leaf.ColumnIndex, nil
	}
	var c leaves
	var err error
	if c.text, err = find(spec.Text, "text", true); err != nil {
		return c, err
	}
	if c.label, err = find(spec.Label, "label", spec.Type != setting.Generation); err != nil {
		return c, err
	}
	c.task, err = find(spec.Task, "task", false)
	return c, err
}

// readGroup adds the rows of a row group.
func readGroup(path string, group parquet.RowGroup, columns leaves, first int64, b *builder) error {
	chunks := group.ColumnChunks()
	open := func(i int) *parquetColumn {
		if i < 0 {
			return nil
		}
		return &parquetColumn{pages: chunks[i].Pages()}
	}
	text, label, task := open(columns.text), open(columns.label), open(columns.task)
	defer func() {
		for _, c := range []*parquetColumn{text, label, task} {
			c.close()
		}
	}()
	for n := first; n < first+group.NumRows(); n++ {
		place := func() string { return fmt.Sprintf("%s: row %d", path, n) }
		r := row{hasTask: task != nil}
		for _, field := range []struct {
			role string
			from *parquetColumn
			to   *string
		}{{"text", text, &r.text}, {"label", label, &r.label}, {"task", task, &r.task}} {
			if field.from == nil {
				continue
			}
			v, err := field.from.next()
			if err != nil {
				return damagedParquet(path, err)
			}
			if field.role == "text" && v.Kind() != parquet.ByteArray && v.Kind() != parquet.FixedLenByteArray && !v.IsNull() {
				return fmt.Errorf("%s: the text is %s, not a string", place(), shorten(v.String()))
			}
			if *field.to = ""; !v.IsNull() {
				*field.to = v.String()
			}
			if !utf8.ValidString(*field.to) {
				return fmt.Errorf("%s: the %s is not UTF-8: write the file anew from text in that encoding", place(), field.role)
			}
		}
		if err := b.add(r, place); err != nil {
			return err
		}
	}
	return nil
}

// A parquetColumn yields the values of a column chunk.
type parquetColumn struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader // of page; nil: the next one
	buffer [parquetValues]parquet.Value
	left   []parquet.Value
}

func (c *parquetColumn) next() (parquet.Value, error) {
	for len(c.left) == 0 {
		if c.values == nil {
			c.release()
			page, err := c.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return parquet.Value{}, err
			}
			c.page, c.values = page, page.Values()
		}
		n, err := c.values.ReadValues(c.buffer[:])
		c.left = c.buffer[:n]
		if errors.Is(err, io.EOF) {
			c.values = nil
		} else if err != nil {
			return parquet.Value{}, err
		}
	}
	v := c.left[0]
	c.left = c.left[1:]
	return v, nil
}

// release lets go of the page whose values were all read.
func (c *parquetColumn) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
}

func (c *parquetColumn) close() {
	if c != nil {
		c.release()
		_ = c.pages.Close() // it was only read from
	}
}

// isParquet reports whether a file is one of Parquet, by its ending.
func isParquet(ext string) bool { return ext == ".parquet" }

// isShard reports whether a file of a folder holds rows, by its ending.
func isShard(ext string) bool { return ext == ".jsonl" || ext == ".csv" || ext == ".parquet" }

// readShard reads a file of a folder.
func readShard(path string, spec setting.Tasks, b *builder) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl":
		return readFile(path, spec, b, readJSONL)
	case ".csv":
		return readFile(path, spec, b, readCSV)
	}
	return readParquetFile(path, spec, b)
}

package task

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// longestLine bounds a line in bytes, and with it memory: a file without line
// breaks is no text file.
const longestLine = 4 << 20

// A reader adds the rows of one file to a builder.
type reader func(path string, r io.Reader, spec setting.Tasks, b *builder) error

func readFile(path string, spec setting.Tasks, b *builder, read reader) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder: set tasks.kind to text-folder, or name a file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	before := b.rows
	if err := read(path, file, spec, b); err != nil {
		return err
	}
	if b.rows == before {
		return fmt.Errorf("%s holds no examples: is it the right file?", path)
	}
	return nil
}

// readFolder reads the files of a folder whose ending is wanted, in order of
// name, as one family. Tasks are told apart by their column, or by their files
// where that is set.
func readFolder(path string, spec setting.Tasks, b *builder, wanted func(ext string) bool, none string) error {
	files, err := folderFiles(path, wanted)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s holds %s", path, none)
	}
	for _, file := range files {
		if spec.FilesAsTasks {
			name := filepath.Base(file)
			b.file = strings.TrimSuffix(name, filepath.Ext(name))
		}
		if err := readShard(file, spec, b); err != nil {
			return err
		}
	}
	return nil
}

// EachLine calls do with every line of r and its number from 1, without its
// line break or a byte-order mark at the beginning. A line that is not UTF-8,
// or longer than 4 MiB, is an error that names path and number. The line is
// valid until do returns.
func EachLine(path string, r io.Reader, do func(n int, line []byte) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64<<10), longestLine)
	n := 0
	for scanner.Scan() {
		n++
		line := scanner.Bytes()
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(byteOrderMark))
		}
		if !utf8.Valid(line) {
			return notUTF8(fmt.Sprintf("%s:%d", path, n))
		}
		if err := do(n, line); err != nil {
			return err
		}
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: the line is longer than %d MiB: is it a file of one row a line?", path, n+1, longestLine>>20)
	} else if err != nil {
		return fmt.Errorf("%s:%d: %w", path, n+1, err)
	}
	return nil
}

// byteOrderMark begins the UTF-8 files of some Windows programs.
const byteOrderMark = "\ufeff"

func notUTF8(place string) error {
	return fmt.Errorf("%s: not UTF-8: save the file in that encoding", place)
}

// otherKind goes on with the message about a file that cannot be read as of a
// kind, when its name says that it is of another; else it is empty.
func otherKind(path, kind string) string {
	named := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if named == kind || !slices.Contains([]string{"jsonl", "csv", "parquet"}, named) {
		return ""
	}
	return fmt.Sprintf("; by its name the file is of another kind: set tasks.kind to %s", named)
}

// missingColumn is the error of a row or header without a needed column.
func missingColumn(place, column, role string, there []string) error {
	return fmt.Errorf("%s: no column %q: the columns are %s; rename the one that holds the %s, or name it in a study's tasks.%s",
		place, column, strings.Join(there, ", "), role, role)
}

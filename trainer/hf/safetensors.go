package hf

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// The safetensors format: 8 bytes little-endian length of the header, the
// header as JSON {"name": {"dtype", "shape", "data_offsets"}}, the data.
// Written here because the Go library for it cannot write and is no longer
// kept.

// maxHeader bounds the header as the reference implementation does.
const maxHeader = 100 << 20

// A Blob is a named array of raw little-endian elements.
type Blob struct {
	Name  string
	DType string // F64, F32, F16, BF16, I64, I8, U8 or BOOL
	Shape []int64
	Data  []byte

	start, end int64 // of the data in a file
}

type blobHeader struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// elementSizes has the bytes of an element of each type that is read.
var elementSizes = map[string]int64{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I8": 1, "U8": 1, "BOOL": 1}

// ReadSafetensors reads a whole file. The blobs' data share one buffer. A
// file that is cut short or whose header does not match its data is refused.
func ReadSafetensors(path string) (blobs []Blob, metadata map[string]string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	blobs, metadata, err = parseSafetensors(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return blobs, metadata, nil
}

func parseSafetensors(data []byte) ([]Blob, map[string]string, error) {
	if len(data) < 8 {
		return nil, nil, fmt.Errorf("not a safetensors file, or cut short: only %d bytes", len(data))
	}
	size := binary.LittleEndian.Uint64(data)
	if err := checkHeaderSize(size, int64(len(data))); err != nil {
		return nil, nil, err
	}
	body := data[8+size:]
	blobs, metadata, err := parseHeader(data[8:8+size], int64(len(body)))
	for i := range blobs {
		blobs[i].Data = body[blobs[i].start:blobs[i].end]
	}
	return blobs, metadata, err
}

func checkHeaderSize(size uint64, file int64) error {
	if size > maxHeader || size > uint64(file-8) {
		return fmt.Errorf("not a safetensors file, or cut short: a header of %d bytes in a file of %d", size, file)
	}
	return nil
}

// parseHeader returns the blobs of a header, in the order of their names and
// without data, and the metadata. body is the number of bytes that follow.
func parseHeader(header []byte, body int64) ([]Blob, map[string]string, error) {
	raw := make(map[string]json.RawMessage)
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, nil, fmt.Errorf("safetensors header: %w", err)
	}
	var metadata map[string]string
	if m, ok := raw["__metadata__"]; ok {
		if err := json.Unmarshal(m, &metadata); err != nil {
			return nil, nil, fmt.Errorf("safetensors metadata: %w", err)
		}
		delete(raw, "__metadata__")
	}
	blobs := make([]Blob, 0, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		var h blobHeader
		if err := json.Unmarshal(raw[name], &h); err != nil {
			return nil, nil, fmt.Errorf("safetensors header: tensor %s: %w", name, err)
		}
		if err := h.check(body); err != nil {
			return nil, nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		blobs = append(blobs, Blob{Name: name, DType: h.DType, Shape: h.Shape, start: h.Offsets[0], end: h.Offsets[1]})
	}
	return blobs, metadata, nil
}

func (h blobHeader) check(body int64) error {
	size, ok := elementSizes[h.DType]
	if !ok {
		return fmt.Errorf("element type %s is not supported", h.DType)
	}
	start, end := h.Offsets[0], h.Offsets[1]
	if start < 0 || end < start {
		return fmt.Errorf("impossible offsets %d..%d", start, end)
	}
	if end > body {
		return fmt.Errorf("ends at byte %d of %d: the file is cut short", end, body)
	}
	n := int64(1)
	for _, d := range h.Shape {
		if d < 0 || d != 0 && n > (1<<62)/d {
			return fmt.Errorf("impossible shape %v", h.Shape)
		}
		n *= d
	}
	if n > body || n*size != end-start {
		return fmt.Errorf("shape %v of %s does not fill its %d bytes", h.Shape, h.DType, end-start)
	}
	return nil
}

// WriteSafetensors writes a file atomically and durably: it is complete under
// its name or not there at all, even after a loss of power.
func WriteSafetensors(path string, blobs []Blob, metadata map[string]string) error {
	return writeSafetensors(path, blobs, metadata, true)
}

// WriteCheckpoint is [WriteSafetensors] without waiting for the disk, which
// would hold training up at every validation. After a loss of power the file
// may be cut short; [ReadSafetensors] then says so.
func WriteCheckpoint(path string, blobs []Blob, metadata map[string]string) error {
	return writeSafetensors(path, blobs, metadata, false)
}

func writeSafetensors(path string, blobs []Blob, metadata map[string]string, durable bool) error {
	header := make(map[string]any, len(blobs)+1)
	if metadata != nil {
		header["__metadata__"] = metadata
	}
	offset := int64(0)
	for _, b := range blobs {
		end := offset + int64(len(b.Data))
		header[b.Name] = blobHeader{DType: b.DType, Shape: b.Shape, Offsets: [2]int64{offset, end}}
		offset = end
	}
	encoded, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	for len(encoded)%8 != 0 { // readers map the data: keep it aligned
		encoded = append(encoded, ' ')
	}
	return writeFile(path, durable, func(w io.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(len(encoded))); err != nil {
			return err
		}
		if _, err := w.Write(encoded); err != nil {
			return err
		}
		for _, b := range blobs {
			if _, err := w.Write(b.Data); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteFile writes a file atomically and durably: into a temporary file in
// the same folder, synced, then renamed.
func WriteFile(path string, write func(io.Writer) error) error {
	return writeFile(path, true, write)
}

func writeFile(path string, durable bool, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			var inner *fs.PathError // names the temporary file
			if errors.As(err, &inner) {
				err = inner.Err
			}
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	buffered := bufio.NewWriterSize(f, 1<<20)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if durable {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

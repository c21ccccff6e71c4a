package prefix

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
)

// A segment is, in little-endian order: the magic, the space, the number of
// records, the sum of the table, the table of records, and their data one after
// the other.
var magic = [8]byte{'h', 'p', 's', 'p', 'f', 'x', '1', '\n'}

type segmentHead struct {
	Magic   [8]byte
	Space   Space
	Records uint32
	Sum     uint32 // CRC-32 of the table
}

// A tableRow describes one record.
type tableRow struct {
	Key   Key
	Count uint32 // of float32
	Sum   uint32 // CRC-32 of the data
}

const (
	headBytes = 8 + 32 + 4 + 4
	rowBytes  = 16 + 4 + 4
	// maxRecords is above what segmentBytes holds of one number each.
	maxRecords = segmentBytes
)

// writeSegment writes records under a new name in dir, which it makes. The
// file appears complete.
func writeSegment(dir string, space Space, records []record) (err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, "part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	w := bufio.NewWriterSize(file, 1<<20)
	err = encode(w, space, records)
	err = errors.Join(err, w.Flush(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), file.Name()+segmentSuffix)
}

func encode(w io.Writer, space Space, records []record) error {
	data := make([][]byte, len(records))
	var table bytes.Buffer
	for i, r := range records {
		data[i] = make([]byte, 0, 4*len(r.values))
		for _, v := range r.values {
			data[i] = binary.LittleEndian.AppendUint32(data[i], math.Float32bits(v))
		}
		row := tableRow{Key: r.key, Count: uint32(len(r.values)), Sum: crc32.ChecksumIEEE(data[i])}
		if err := binary.Write(&table, binary.LittleEndian, row); err != nil {
			return err
		}
	}
	head := segmentHead{Magic: magic, Space: space, Records: uint32(len(records)), Sum: crc32.ChecksumIEEE(table.Bytes())}
	if err := binary.Write(w, binary.LittleEndian, head); err != nil {
		return err
	}
	if _, err := w.Write(table.Bytes()); err != nil {
		return err
	}
	for _, d := range data {
		if _, err := w.Write(d); err != nil {
			return err
		}
	}
	return nil
}

// readTable adds the records of a segment to an index. On an error the index
// is as it was.
func readTable(file *os.File, space Space, index map[Key]location) error {
	var head segmentHead
	if err := binary.Read(io.NewSectionReader(file, 0, headBytes), binary.LittleEndian, &head); err != nil {
		return fmt.Errorf("no head: %w", err)
	}
	if head.Magic != magic || head.Space != space || head.Records > maxRecords {
		return errors.New("it is no segment of this space")
	}
	table := make([]byte, int(head.Records)*rowBytes)
	if _, err := file.ReadAt(table, headBytes); err != nil {
		return fmt.Errorf("its table: %w", err)
	}
	if crc32.ChecksumIEEE(table) != head.Sum {
		return errors.New("its table is damaged")
	}
	rows := make([]tableRow, head.Records)
	if err := binary.Read(bytes.NewReader(table), binary.LittleEndian, rows); err != nil {
		return fmt.Errorf("its table: %w", err)
	}
	offset := int64(headBytes + len(table))
	for _, row := range rows {
		index[row.Key] = location{file: file, offset: offset, count: row.Count, sum: row.Sum}
		offset += 4 * int64(row.Count)
	}
	return nil
}

// read returns the numbers of a record.
func (at location) read() ([]float32, error) {
	data := make([]byte, 4*int(at.count))
	if _, err := at.file.ReadAt(data, at.offset); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(data) != at.sum {
		return nil, errors.New("a record is damaged")
	}
	values := make([]float32, at.count)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values, nil
}

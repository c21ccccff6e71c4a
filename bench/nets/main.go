// Command nets trains the networks of search/searchtest/nets and writes its
// tables into the current folder, for `go generate ./search/searchtest/nets`. It
// takes some minutes.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/hpsearch/hpsearch/search/searchtest/nets"
)

func main() {
	for _, name := range nets.Names() {
		if err := write(name); err != nil {
			fmt.Fprintln(os.Stderr, "nets:", err)
			os.Exit(1)
		}
	}
}

func write(name string) error {
	rows := make([][]uint16, nets.Size())
	failed := make([]error, runtime.NumCPU())
	var group sync.WaitGroup
	for w := range failed {
		group.Go(func() {
			for i := w; i < len(rows) && failed[w] == nil; i += len(failed) {
				rows[i], failed[w] = nets.Tabulate(name, i)
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := binary.Write(writer, binary.LittleEndian, row); err != nil {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.WriteFile(name+".bin.gz", packed.Bytes(), 0o644)
}

//go:build darwin || linux || freebsd || netbsd || openbsd || dragonfly

package export

import (
	"os"
	"syscall"
)

// lock takes a folder for this process until the file is closed or the process
// ends, however it ends. It returns nil when another process has the folder,
// or nothing can be told about it.
func lock(dir string) *os.File {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil
	}
	return f
}

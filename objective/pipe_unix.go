//go:build unix

package objective

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// pipeBytes is more than a pipe holds: a process that writes without end does
// not keep copyWaiting.
const pipeBytes = 1 << 20

// copyWaiting passes on what is in the pipe and returns when it is empty.
func copyWaiting(to io.Writer, from *os.File, buf []byte) {
	raw, err := from.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Read(func(fd uintptr) bool {
		for copied := 0; copied < pipeBytes; {
			n, err := syscall.Read(int(fd), buf)
			switch {
			case errors.Is(err, syscall.EINTR):
			case n <= 0 || err != nil:
				return true
			default:
				_, _ = to.Write(buf[:n])
				copied += n
			}
		}
		return true
	})
}

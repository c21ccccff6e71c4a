package storage

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData waits until the data of a file are on the disk, with what is needed
// to read them. The time of the file's change is not waited for, which on ext4
// is a second write.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

package trainer

import (
	"errors"
	"syscall"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Marks of errors, for errors.Is.
var (
	// ErrConfig: the settings do not fit together; the same trial would fail
	// again, others need not.
	ErrConfig = errors.New("bad configuration")
	// ErrUnavailable: no trial can be run as things are; the files of the
	// model are damaged, or the device is gone.
	ErrUnavailable = errors.New("the trainer cannot run trials")
	// ErrBroken: this process can compute nothing more on the device, which
	// another one may.
	ErrBroken = errors.New("the process has lost its device")
)

// A marked error has a kind that its text does not mention.
type marked struct{ kind, err error }

// Error implements error.
func (m marked) Error() string { return m.err.Error() }

// Unwrap makes both the kind and the cause known to errors.Is.
func (m marked) Unwrap() []error { return []error{m.kind, m.err} }

// badConfig and unavailable mark an error, unless it is a lack of memory,
// which says more.
func badConfig(err error) error { return mark(ErrConfig, err) }

func unavailable(err error) error { return mark(ErrUnavailable, err) }

func mark(kind, err error) error {
	if err == nil || errors.Is(err, tensor.ErrOutOfMemory) {
		return err
	}
	return marked{kind, err}
}

// reasonOf maps an error to the reason that the worker acts on.
func reasonOf(err error) protocol.FailReason {
	switch {
	case errors.Is(err, meta.ErrStopped):
		return protocol.Stopped
	case errors.Is(err, meta.ErrDiverged):
		return protocol.Diverged
	case errors.Is(err, tensor.ErrOutOfMemory):
		return protocol.OutOfMemory
	case errors.Is(err, tensor.ErrDeviceLost), errors.Is(err, tensor.ErrDeviceUnfit): // no trial's fault, and no other can run
		return protocol.Unavailable
	case errors.Is(err, ErrConfig):
		return protocol.BadConfig
	case errors.Is(err, ErrUnavailable), diskTrouble(err):
		return protocol.Unavailable
	}
	return protocol.OtherError
}

// diskTrouble reports whether nothing can be written: a checkpoint that
// cannot be saved is no trial's fault.
func diskTrouble(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.EIO} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

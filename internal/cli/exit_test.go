package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/hpsearch/hpsearch/internal/cli/app"
)

func TestExitCodeAndMessage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err     error
		code    int
		message string
	}{
		{nil, 0, ""},
		{errors.New("no\nluck"), 1, "hpsearch: no; luck\n"},
		{&app.UsageError{Err: errors.New("no name"), Help: "hpsearch run --help"}, 2, "hpsearch: no name (see hpsearch run --help)\n"},
		{fmt.Errorf("doctor: %w", app.ErrFindings), 3, ""},
		{fmt.Errorf("%w: s goes on", app.ErrPreempted), 85, "hpsearch: preempted: s goes on\n"},
		{app.ErrInterrupted, 130, "hpsearch: interrupted\n"},
		{context.Canceled, 130, "hpsearch: context canceled\n"},
		{fmt.Errorf("write: %w", syscall.EPIPE), 0, ""},
	} {
		var message bytes.Buffer
		explain(&message, test.err)
		if code := exitCode(test.err); code != test.code || message.String() != test.message {
			t.Errorf("%v: code %d, message %q, want %d, %q", test.err, code, message.String(), test.code, test.message)
		}
	}
}

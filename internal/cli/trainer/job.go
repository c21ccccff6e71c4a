package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/search"
)

// A Session is a trainer that does jobs, one after the other.
type Session struct {
	process *objective.Process
	ctx     context.Context
	release func()
}

// Open finds the trainer; the first job starts it. device is what it may see,
// as in [objective.ProcessConfig]. The session ends when the user interrupts
// it: jobs then fail with [app.ErrInterrupted].
func Open(ctx context.Context, device string) (*Session, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	process, err := objective.NewProcess(objective.ProcessConfig{Command: []string{path, "serve"}, Device: device})
	if err != nil {
		return nil, err
	}
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	return &Session{process: process, ctx: ctx, release: release}, nil
}

// Context ends when the user interrupts the session.
func (s *Session) Context() context.Context { return s.ctx }

// Close ends the trainer.
func (s *Session) Close() error {
	s.release()
	return s.process.Close()
}

// Do has the trainer do a job and decodes what the job gives back into
// output. handle, if not nil, is called with what the trainer tells meanwhile.
func (s *Session) Do(kind protocol.JobKind, config, output any, handle func(protocol.Message)) error {
	result, err := s.process.Job(s.ctx, kind, config, handle)
	if err != nil {
		if s.ctx.Err() != nil {
			return app.ErrInterrupted
		}
		return fmt.Errorf("%s: %w", kind, explained(err))
	}
	if len(result.Output) == 0 {
		return fmt.Errorf("%s: the trainer gave nothing back", kind)
	}
	if err := json.Unmarshal(result.Output, output); err != nil {
		return fmt.Errorf("%s: what the trainer gave back: %w", kind, err)
	}
	return nil
}

// explained drops the reason from what the trainer says where the message
// says enough.
func explained(err error) error {
	var failed *search.TrialError
	if errors.As(err, &failed) && failed.Message != "" &&
		(failed.Reason == search.ReasonError || failed.Reason == search.ReasonBadConfig) {
		return errors.New(failed.Message)
	}
	return err
}

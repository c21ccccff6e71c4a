package objective

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/hpsearch/hpsearch/search"
)

// start starts a trainer unless one is up.
func (p *Process) start(ctx context.Context) error {
	if p.up() {
		return nil
	}
	return p.startWith(ctx, nil, nil)
}

func (p *Process) up() bool { return p.child != nil && !p.child.dead() }

// startWith starts a trainer and waits for its hello. The error wraps
// [search.ErrUnavailable] when another try cannot help. A trainer that died
// although one has said hello before has met bad luck rather than a broken
// installation, and so has one that was killed, unless it happens twice: that
// is a [*search.TrialError] worth a retry. log is taken over.
func (p *Process) startWith(ctx context.Context, log io.WriteCloser, stopping <-chan struct{}) error {
	stderr := newStderrTail(log)
	c, err := launch(p.config, p.env, stderr)
	if err != nil {
		stderr.detach()
		return p.unavailable(launchHint(err))
	}
	err = c.awaitHello(ctx, p.config.HelloTimeout, stopping)
	var died *DiedError
	switch {
	case err == nil:
		p.child, p.greets = c, true
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errStoppedEarly):
		return search.ErrStopped
	case errors.As(err, &died) && missingLibrary(died.Stderr) != "":
		return p.unavailable(fmt.Errorf("it cannot load its libraries: %s; run \"hpsearch doctor\"", missingLibrary(died.Stderr)))
	case errors.As(err, &died) && (p.greets || wasKilled(died.State) && !p.killed):
		p.killed = wasKilled(died.State)
		return &search.TrialError{Reason: search.ReasonCrashed, Message: err.Error(), Retry: true, Cause: err}
	}
	return p.unavailable(err)
}

func (p *Process) unavailable(err error) error {
	return fmt.Errorf("%w: cannot start the trainer %q: %w", search.ErrUnavailable, p.config.Command[0], err)
}

// launchHint adds what to do about a program that cannot be started.
func launchHint(err error) error {
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no such program (%w); build it with \"make build\", or run \"hpsearch doctor\"", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("it may not be executed (%w)", err)
	}
	return err
}

// commandHint is launchHint for a program of the user's own.
func commandHint(err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no such program (%w); the command is looked for in PATH, or, with a slash, from the current folder", err)
	}
	return launchHint(err)
}

// CheckProgram returns an error when the program of a command is not there, or
// may not be executed. Where a placeholder names it, only a trial can tell.
func CheckProgram(command []string) error {
	if len(command) == 0 || len(Placeholders(command[:1])) > 0 {
		return nil
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		return fmt.Errorf("cannot start %q: %w", command[0], commandHint(err))
	}
	return nil
}

// missingLibrary returns what the dynamic loader complained about, if it did:
// glibc's words, then musl's and those of macOS.
func missingLibrary(stderr []string) string {
	for _, line := range stderr {
		for _, sign := range []string{"error while loading shared libraries", "Error loading shared library", "Library not loaded", "symbol lookup error"} {
			if strings.Contains(line, sign) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}

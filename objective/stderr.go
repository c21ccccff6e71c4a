package objective

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
)

// How much of a trainer's standard error is kept for messages.
const (
	tailBytes = 4 << 10
	tailLines = 10
)

// A stderrTail passes a trainer's standard error on to the log of the trial
// that it runs, and keeps the end of it. It is safe for concurrent use.
type stderrTail struct {
	mu   sync.Mutex
	log  io.WriteCloser // may be nil
	tail []byte
}

// newStderrTail takes over log, which may be nil.
func newStderrTail(log io.WriteCloser) *stderrTail { return &stderrTail{log: log} }

// Write never fails: a log that cannot be written (a full disk) must not
// break the trainer's standard error, and with it the trial.
func (t *stderrTail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.log != nil {
		_, _ = t.log.Write(p)
	}
	t.tail = append(t.tail, p...)
	if excess := len(t.tail) - tailBytes; excess > 0 {
		t.tail = append(t.tail[:0], t.tail[excess:]...)
	}
	return len(p), nil
}

// pass writes what was said elsewhere, the standard output, to the log alone.
func (t *stderrTail) pass(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.log != nil {
		_, _ = t.log.Write(p) // a full disk costs the log, not the trial
	}
}

// attach takes over another log, for what follows, and forgets what was kept:
// it concerned another trial. Between trials the log stays, because the last
// lines may come after the trainer has sent its result.
func (t *stderrTail) attach(log io.WriteCloser) {
	t.detach()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = log
	t.tail = t.tail[:0]
}

// detach closes the log.
func (t *stderrTail) detach() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.log != nil {
		_ = t.log.Close() // a full disk costs the log, not the trial
	}
	t.log = nil
}

// lines returns the last lines.
func (t *stderrTail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.ToValidUTF8(string(bytes.TrimSpace(t.tail)), "�")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-tailLines):]
}

func (t *stderrTail) quote() string { return quoteLines(t.lines()) }

// quoteLast is quote for messages of one line: of what a program says when it
// fails, the last line tells the most.
func (t *stderrTail) quoteLast() string {
	lines := t.lines()
	if len(lines) == 0 {
		return quoteLines(nil)
	}
	return "; its standard error ends with: " + strings.TrimSpace(lines[len(lines)-1])
}

// quotedBytes is how much of a line of a program's is quoted in a message.
const quotedBytes = 120

// quoteLine returns a line as people read it in a message: shortened, and
// without what would command a terminal. A line that was cut may end in the
// middle of a character.
func quoteLine(line []byte) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(line), ""))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= quotedBytes {
		return text
	}
	return strings.ToValidUTF8(text[:quotedBytes], "") + "…"
}

// quoteLines returns the lines as the end of an error message.
func quoteLines(lines []string) string {
	if len(lines) == 0 {
		return "; it wrote nothing to its standard error"
	}
	return fmt.Sprintf("; the end of its standard error:\n  %s", strings.Join(lines, "\n  "))
}

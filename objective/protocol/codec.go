package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxLine is the greatest length of a line in bytes, the newline included.
// It leaves room for a task split with thousands of class names.
const MaxLine = 4 << 20

// ErrTooLong is the cause of a [LineError] for a line longer than [MaxLine].
var ErrTooLong = fmt.Errorf("line is longer than %d bytes", MaxLine)

// A LineError says which line of the conversation is not a message, and why.
type LineError struct {
	Line int    // counted from 1
	Text string // the beginning of the line
	Err  error
}

// Error implements error.
func (e *LineError) Error() string {
	return fmt.Sprintf("protocol line %d: %v: %s", e.Line, e.Err, e.Text)
}

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// A Reader reads messages. It is for one goroutine at a time.
type Reader struct {
	r    *bufio.Reader
	line int
}

// NewReader returns a Reader on r. It reads ahead.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10)}
}

// Read returns the next message, skipping blank lines. It returns io.EOF at
// the end of the conversation, a [*LineError] for a line that is not a
// message, and otherwise what the underlying reader returned. After a
// LineError the next call goes on with the next line.
func (r *Reader) Read() (Message, error) {
	for {
		line, err := r.readLine()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		m, err := Decode(line)
		if err != nil {
			return nil, &LineError{Line: r.line, Text: excerpt(line), Err: err}
		}
		return m, nil
	}
}

// ReadLine returns the next line as it is, blank or not, and valid until the
// next call. It returns what Read would for a line that is too long and at
// the end of the stream.
func (r *Reader) ReadLine() ([]byte, error) { return r.readLine() }

// Buffered reports whether the whole of the next line is here already.
func (r *Reader) Buffered() bool {
	ahead, _ := r.r.Peek(r.r.Buffered()) // never more than there is
	return bytes.IndexByte(ahead, '\n') >= 0
}

// readLine returns the next line, which may lack a newline at the end of the
// stream. What exceeds MaxLine is read and dropped.
func (r *Reader) readLine() ([]byte, error) {
	r.line++
	var line []byte
	tooLong := false
	for {
		part, err := r.r.ReadSlice('\n')
		if len(line)+len(part) > MaxLine {
			tooLong = true
			part = part[:MaxLine-len(line)]
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !(errors.Is(err, io.EOF) && len(line) > 0):
			return nil, err
		case tooLong:
			return nil, &LineError{Line: r.line, Text: excerpt(line), Err: ErrTooLong}
		}
		return line, nil
	}
}

// A Writer writes messages. It is safe for concurrent use: lines never mix.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter returns a Writer on w. It does not buffer.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write sends one message in one write.
func (w *Writer) Write(m Message) error {
	line, err := Encode(m)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.w.Write(line); err != nil {
		return fmt.Errorf("sending %s: %w", m.Type(), err)
	}
	return nil
}

// Encode returns the message as a line with its newline.
func Encode(m Message) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", m.Type(), err)
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", m.Type(), err)
	}
	// Every message has a field that is never omitted, so the body is not {}.
	line := fmt.Appendf(nil, `{"type":%q,`, m.Type())
	line = append(line, body.Bytes()[1:]...)
	if len(line) > MaxLine {
		return nil, fmt.Errorf("encoding %s: %w", m.Type(), ErrTooLong)
	}
	return line, nil
}

// Decode reads one line, with or without its newline.
func Decode(line []byte) (Message, error) {
	if len(line) > MaxLine {
		return nil, ErrTooLong
	}
	line = QuoteBare(line)
	var head struct {
		Type *string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, err
	}
	if head.Type == nil {
		return nil, errors.New(`not a message: no "type"`)
	}
	switch *head.Type {
	case Trial{}.Type():
		return decodeAs[Trial](line)
	case Job{}.Type():
		return decodeAs[Job](line)
	case Stop{}.Type():
		return decodeAs[Stop](line)
	case Hello{}.Type():
		return decodeAs[Hello](line)
	case Report{}.Type():
		return decodeAs[Report](line)
	case Checkpoint{}.Type():
		return decodeAs[Checkpoint](line)
	case Progress{}.Type():
		return decodeAs[Progress](line)
	case Result{}.Type():
		return decodeAs[Result](line)
	case Failed{}.Type():
		return decodeAs[Failed](line)
	}
	return nil, fmt.Errorf("unknown message type %q", *head.Type)
}

func decodeAs[M Message](line []byte) (Message, error) {
	var m M
	if err := json.Unmarshal(line, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Type(), err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Type(), err)
	}
	return m, nil
}

// excerpt returns the beginning of a line, fit for an error message.
func excerpt(line []byte) string {
	const limit = 120
	line = bytes.TrimSpace(line)
	if len(line) <= limit {
		return fmt.Sprintf("%q", line)
	}
	return fmt.Sprintf("%q…", line[:limit])
}

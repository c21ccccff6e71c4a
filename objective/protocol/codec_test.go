package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

// messages has one of every type, with the line that stands for it.
var messages = []struct {
	message protocol.Message
	line    string
}{
	{
		protocol.Trial{
			Number: 7, Attempt: 1, Seed: math.MaxInt64,
			Config:        json.RawMessage(`{"learning_rate":0.001,"note":"<a&b>"}`),
			CheckpointDir: "d", CacheDir: "e", Metric: "val_loss", Direction: "minimize",
		},
		`{"type":"trial","number":7,"attempt":1,"seed":9223372036854775807,"config":{"learning_rate":0.001,"note":"<a&b>"},"checkpoint_dir":"d","cache_dir":"e","metric":"val_loss","direction":"minimize"}`,
	},
	{
		protocol.Job{Kind: protocol.JobExport, Config: json.RawMessage(`{}`)},
		`{"type":"job","kind":"export","config":{}}`,
	},
	{
		protocol.Stop{Reason: protocol.StopPruned},
		`{"type":"stop","reason":"pruned"}`,
	},
	{
		protocol.Hello{Protocol: 1, Name: "t", Version: "v0.1.0", Capabilities: []string{"meta-training"}},
		`{"type":"hello","protocol":1,"name":"t","version":"v0.1.0","capabilities":["meta-training"]}`,
	},
	{
		protocol.Report{Number: 7, Step: 3, Metrics: protocol.Metrics{
			"a": math.NaN(), "b": math.Inf(1), "c": math.Inf(-1), "d": 0.1,
		}},
		`{"type":"report","number":7,"step":3,"metrics":{"a":"NaN","b":"Infinity","c":"-Infinity","d":0.1}}`,
	},
	{
		protocol.Checkpoint{Number: 7, Step: 3, Path: "p"},
		`{"type":"checkpoint","number":7,"step":3,"path":"p"}`,
	},
	{
		protocol.Progress{Number: 7, Step: 3, Total: 9, Phase: "retrain", Message: "half"},
		`{"type":"progress","number":7,"step":3,"total":9,"phase":"retrain","message":"half"}`,
	},
	{
		protocol.Result{Number: 7, Value: protocol.Value(0.5), Metrics: protocol.Metrics{"n": 2}, Artifacts: map[string]string{"model": "m"}},
		`{"type":"result","number":7,"value":0.5,"metrics":{"n":2},"artifacts":{"model":"m"}}`,
	},
	{
		protocol.Result{Number: protocol.JobNumber, Output: json.RawMessage(`{"labels":["a"]}`)},
		`{"type":"result","number":-1,"output":{"labels":["a"]}}`,
	},
	{
		protocol.Failed{Number: 7, Reason: protocol.OutOfMemory, Message: "m"},
		`{"type":"failed","number":7,"reason":"out-of-memory","message":"m"}`,
	},
}

func TestMessagesSurviveTheWire(t *testing.T) {
	t.Parallel()
	var wire bytes.Buffer
	w := protocol.NewWriter(&wire)
	for _, m := range messages {
		if err := w.Write(m.message); err != nil {
			t.Fatal(err)
		}
	}
	var want strings.Builder
	for _, m := range messages {
		want.WriteString(m.line + "\n")
	}
	if diff := cmp.Diff(want.String(), wire.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	r := protocol.NewReader(&wire)
	for _, m := range messages {
		got, err := r.Read()
		if err != nil {
			t.Fatalf("%s: %v", m.line, err)
		}
		if diff := cmp.Diff(m.message, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m.line, diff)
		}
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want EOF", err)
	}
}

func TestDecodeForeignNumbers(t *testing.T) {
	t.Parallel()
	line := `{"type":"report","number":0,"step":0,"metrics":{"NaN":NaN,"in \"Infinity":-Infinity , "c":Infinity,"n":null,"big":1e999,"i":3},"extra":[NaN]}`
	got, err := protocol.Decode([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	want := protocol.Report{Metrics: protocol.Metrics{
		"NaN": math.NaN(), `in "Infinity`: math.Inf(-1), "c": math.Inf(1), "n": math.NaN(), "big": math.Inf(1), "i": 3,
	}}
	if diff := cmp.Diff(protocol.Message(want), got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{`Epoch 1: loss 0.3`, "invalid character"},
		{`{"type":"report"`, "unexpected end"},
		{`3`, "cannot unmarshal"},
		{`null`, `no "type"`},
		{`{}`, `no "type"`},
		{`{"type":"teapot"}`, `unknown message type "teapot"`},
		{`{"type":"trial","number":-1,"attempt":1,"config":{}}`, "number -1 is negative"},
		{`{"type":"trial","number":0,"attempt":0,"config":{}}`, "attempt 0"},
		{`{"type":"trial","number":0,"attempt":1}`, "config is not an object"},
		{`{"type":"trial","number":NaN,"attempt":1,"config":{}}`, "trial: json"},
		{`{"type":"job","kind":"dance","config":{}}`, `unknown kind "dance"`},
		{`{"type":"job","kind":"export","config":[]}`, "config is not an object"},
		{`{"type":"stop","reason":"bored"}`, `unknown reason "bored"`},
		{`{"type":"hello"}`, "protocol 0"},
		{`{"type":"report","number":0,"step":-1,"metrics":{"a":1}}`, "step -1"},
		{`{"type":"report","number":-2,"step":0,"metrics":{"a":1}}`, "number -2"},
		{`{"type":"report","number":0,"step":0,"metrics":{}}`, "no metrics"},
		{`{"type":"report","number":0,"step":0,"metrics":{"a":"0.3"}}`, "not a number"},
		{`{"type":"checkpoint","number":0,"step":0}`, "no path"},
		{`{"type":"failed","number":0,"reason":"mood"}`, `unknown reason "mood"`},
	} {
		m, err := protocol.Decode([]byte(c.line))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Decode(%s) = %v, %v, want an error with %q", c.line, m, err, c.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]protocol.Message{
		"unusable":  protocol.Stop{Reason: "bored"},
		"not JSON":  protocol.Job{Kind: protocol.JobCheck, Config: json.RawMessage(`{`)},
		"too long":  protocol.Failed{Reason: protocol.OtherError, Message: strings.Repeat("x", protocol.MaxLine)},
		"no config": protocol.Trial{Attempt: 1},
	} {
		var wire bytes.Buffer
		if err := protocol.NewWriter(&wire).Write(m); err == nil || wire.Len() > 0 {
			t.Errorf("%s: error %v and %d bytes, want an error and nothing written", name, err, wire.Len())
		}
	}
}

func TestReaderNamesTheLineAndGoesOn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("y", 2*protocol.MaxLine)
	input := "\n  \n{\"type\":\"stop\",\"reason\":\"pruned\"}\r\nhello world\n" + long +
		"\n{\"type\":\"stop\",\"reason\":\"cancelled\"}" // no newline at the end
	r := protocol.NewReader(strings.NewReader(input))
	expect := func(want protocol.Message) {
		t.Helper()
		if got, err := r.Read(); err != nil || got != want {
			t.Errorf("Read() = %v, %v, want %v", got, err, want)
		}
	}
	expectLine := func(line int) *protocol.LineError {
		t.Helper()
		_, err := r.Read()
		var e *protocol.LineError
		if !errors.As(err, &e) || e.Line != line {
			t.Fatalf("Read() error = %v, want one for line %d", err, line)
		}
		return e
	}
	expect(protocol.Stop{Reason: protocol.StopPruned})
	if e := expectLine(4); !strings.Contains(e.Error(), "line 4") || !strings.Contains(e.Error(), "hello world") {
		t.Errorf("error %q does not show the line", e)
	}
	if e := expectLine(5); !errors.Is(e, protocol.ErrTooLong) || len(e.Error()) > 300 {
		t.Errorf("error %.300q, want a short one for a long line", e.Error())
	}
	expect(protocol.Stop{Reason: protocol.StopCancelled})
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want EOF", err)
	}
}

// writes counts the calls of Write and fails when they overlap.
type writes struct {
	mu    sync.Mutex
	lines []string
}

func (w *writes) Write(p []byte) (int, error) {
	if !w.mu.TryLock() {
		return 0, errors.New("two writes at once")
	}
	defer w.mu.Unlock()
	w.lines = append(w.lines, string(p))
	return len(p), nil
}

func TestWriterIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var out writes
	w := protocol.NewWriter(&out)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for step := range 50 {
				if err := w.Write(protocol.Progress{Number: i, Step: step}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	seen := make(map[string]bool)
	for _, line := range out.lines {
		if _, err := protocol.Decode([]byte(line)); err != nil {
			t.Error(err)
		}
		seen[line] = true
	}
	if len(seen) != 400 {
		t.Errorf("%d different lines, want 400", len(seen))
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range messages {
		f.Add([]byte(m.line))
	}
	f.Add([]byte(`{"type":"report","number":0,"step":0,"metrics":{"a":NaN,"b":-Infinity}}`))
	f.Add([]byte(`{"type":"result","number":0,"value":null,"output":"\"NaN"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := protocol.Decode(line)
		if err != nil {
			return
		}
		again, err := protocol.Encode(m)
		if err != nil {
			t.Fatalf("%s was decoded but cannot be encoded: %v", line, err)
		}
		if n := bytes.Count(again, []byte("\n")); n != 1 {
			t.Fatalf("%d newlines in %s", n, again)
		}
		m2, err := protocol.Decode(again)
		if err != nil {
			t.Fatalf("%s was encoded but cannot be decoded: %v", again, err)
		}
		once, err := protocol.Encode(m2)
		if err != nil || !bytes.Equal(again, once) {
			t.Fatalf("not stable: %s then %s (%v)", again, once, err)
		}
	})
}

func ExampleWriter() {
	var wire bytes.Buffer
	w := protocol.NewWriter(&wire)
	_ = w.Write(protocol.Report{Number: 7, Step: 3, Metrics: protocol.Metrics{"val_loss": math.NaN()}})
	fmt.Print(wire.String())
	// Output: {"type":"report","number":7,"step":3,"metrics":{"val_loss":"NaN"}}
}

package trainer

import (
	"encoding/json"
	"io"
	"maps"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// A session is a served trainer with the test as its worker. Messages are
// not buffered: the trainer waits until the test has read one.
type session struct {
	t        *testing.T
	to       *protocol.Writer
	in       *io.PipeWriter
	messages chan protocol.Message
	ended    chan error
}

// patience is how long a test waits for something that should come at once.
const patience = time.Minute

// open starts a trainer and reads its hello.
func open(t *testing.T) *session {
	t.Helper()
	return openIn(t, NewWorkshop())
}

// openIn is open of a trainer with that workshop.
func openIn(t *testing.T, workshop *Workshop) *session {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	s := &session{
		t: t, to: protocol.NewWriter(inWrite), in: inWrite,
		messages: make(chan protocol.Message), ended: make(chan error, 1),
	}
	go func() {
		err := serve(inRead, outWrite, "test", workshop)
		outWrite.Close()
		s.ended <- err
	}()
	go func() {
		defer close(s.messages)
		r := protocol.NewReader(outRead)
		for {
			m, err := r.Read()
			if err != nil {
				return
			}
			s.messages <- m
		}
	}()
	t.Cleanup(func() {
		inWrite.Close()
		for range s.messages { // lets the trainer end
		}
	})
	if hello, ok := s.next().(protocol.Hello); !ok || hello.Protocol != protocol.Version || hello.Name != Name || hello.Version != "test" {
		t.Fatalf("first message: %+v", hello)
	}
	return s
}

func (s *session) send(m protocol.Message) {
	s.t.Helper()
	if err := s.to.Write(m); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) next() protocol.Message {
	s.t.Helper()
	select {
	case m, ok := <-s.messages:
		if !ok {
			s.t.Fatalf("the trainer has left: %v", <-s.ended)
		}
		return m
	case <-time.After(patience):
		s.t.Fatal("the trainer says nothing")
		return nil
	}
}

// until reads messages up to the first of type M, which it returns, and
// collects the reports among them.
func until[M protocol.Message](s *session) (found M, reports []protocol.Report) {
	s.t.Helper()
	for {
		switch m := s.next().(type) {
		case M:
			if r, ok := any(m).(protocol.Report); ok {
				reports = append(reports, r)
			}
			return m, reports
		case protocol.Report:
			reports = append(reports, m)
		case protocol.Failed:
			s.t.Fatalf("failed: %+v", m)
		case protocol.Result:
			s.t.Fatalf("ended with %+v", m)
		}
	}
}

// leave waits for the trainer's end.
func (s *session) leave() error {
	s.t.Helper()
	for {
		select {
		case _, ok := <-s.messages:
			if !ok {
				return <-s.ended
			}
		case <-time.After(patience):
			s.t.Fatal("the trainer does not leave")
		}
	}
}

// job does a job and decodes its output.
func (s *session) job(kind protocol.JobKind, config map[string]any, output any) {
	s.t.Helper()
	s.send(protocol.Job{Kind: kind, Config: object(s.t, config)})
	result, _ := until[protocol.Result](s)
	if result.Number != protocol.JobNumber {
		s.t.Errorf("number %d", result.Number)
	}
	if err := json.Unmarshal(result.Output, output); err != nil {
		s.t.Fatal(err)
	}
}

// refused does a job that must fail.
func (s *session) refused(kind protocol.JobKind, config map[string]any) protocol.Failed {
	s.t.Helper()
	s.send(protocol.Job{Kind: kind, Config: object(s.t, config)})
	failed, _ := until[protocol.Failed](s)
	return failed
}

func object(t *testing.T, v map[string]any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A place is a model and a family on disk.
type place struct{ model, tasks string }

func newPlace(t *testing.T) place {
	t.Helper()
	return place{model: tinymodel.Folder(t), tasks: tinymodel.JSONL(t, tinymodel.Rows(24, 12, 0))}
}

// settings returns small settings with changes.
func (p place) settings(changes map[string]any) map[string]any {
	values := map[string]any{
		"model": p.model, "tasks": map[string]any{"kind": "jsonl", "path": p.tasks},
		"algorithm": "protonet", "ways": 3, "shots": 2, "query_shots": 4, "max_length": 16,
		"iterations": 20, "eval_every": 5, "eval_episodes": 6, "test_episodes": 6,
		"learning_rate": 1e-3, "device": "cpu", "threads": 1,
	}
	maps.Copy(values, changes)
	return values
}

func (p place) trial(t *testing.T, number int, dir string, changes map[string]any) protocol.Trial {
	t.Helper()
	return protocol.Trial{Number: number, Attempt: 1, Seed: 11, Config: object(t, p.settings(changes)), CheckpointDir: dir}
}

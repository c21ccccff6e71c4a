package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

// eventsEnv names the pipe to which the trainer tells its steps.
const eventsEnv = "FAULTS_EVENTS"

// A position is what the trainer's checkpoints hold.
type position struct {
	Seed   int64     `json:"seed"`
	Step   int       `json:"step"`
	Loss   float64   `json:"loss"`
	Losses []float64 `json:"losses"` // of all steps, which are reported again
}

// next is one step of training: what comes out depends on all steps before.
func (p position) next() position {
	step := p.Step + 1
	noise := rand.New(rand.NewPCG(uint64(p.Seed), uint64(step))).Float64()
	loss := 0.75*p.Loss + noise
	return position{Seed: p.Seed, Step: step, Loss: loss, Losses: append(p.Losses, loss)}
}

// trace returns the losses of a training that nothing interrupts.
func trace(seed int64, steps int) []float64 {
	p := position{Seed: seed}
	for range steps {
		p = p.next()
	}
	return p.Losses
}

func TestTrace(t *testing.T) {
	t.Parallel()
	a, b := trace(1, 20), trace(2, 20)
	if a[19] == b[19] || math.IsNaN(a[19]) || a[19] == a[18] {
		t.Errorf("traces %v and %v", a, b)
	}
}

// settings are what the study tells the trainer.
type settings struct {
	Steps int
	Pace  float64 // milliseconds a step
}

const checkpointEach = 3 // steps

// serve speaks the protocol as hpsearch-trainer does.
func serve(in io.Reader, out, log io.Writer) int {
	s := &simulator{out: protocol.NewWriter(out), stop: make(chan struct{}, 1), trials: make(chan protocol.Trial)}
	if path := os.Getenv(eventsEnv); path != "" {
		pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			fmt.Fprintln(log, err)
			return 1
		}
		s.events = pipe
	}
	// The end of the input is the end of the worker: it ends this process
	// wherever that is.
	go func() {
		if err := s.listen(protocol.NewReader(in)); err != nil {
			fmt.Fprintln(log, err)
			os.Exit(1)
		}
		os.Exit(0)
	}()
	err := s.out.Write(protocol.Hello{Protocol: protocol.Version, Name: "simtrain"})
	for err == nil {
		err = s.out.Write(s.train(<-s.trials))
	}
	fmt.Fprintln(log, err)
	return 1
}

type simulator struct {
	out    *protocol.Writer
	events io.Writer
	trials chan protocol.Trial
	stop   chan struct{}
}

func (s *simulator) listen(in *protocol.Reader) error {
	for {
		m, err := in.Read()
		switch m := m.(type) {
		case protocol.Trial:
			select {
			case <-s.stop: // of the trial before
			default:
			}
			s.trials <- m
		case protocol.Stop:
			s.stop <- struct{}{}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *simulator) train(m protocol.Trial) protocol.Message {
	failed := func(reason protocol.FailReason, err error) protocol.Message {
		return protocol.Failed{Number: m.Number, Reason: reason, Message: err.Error()}
	}
	var config settings
	if err := json.Unmarshal(m.Config, &config); err != nil {
		return failed(protocol.BadConfig, err)
	}
	here, err := load(m.CheckpointDir, m.Seed)
	if err != nil {
		return failed(protocol.OtherError, err)
	}
	// The worker may have died before it had stored what the checkpoint is of.
	for i, loss := range here.Losses {
		if err := s.report(m, i+1, loss); err != nil {
			return failed(protocol.OtherError, err)
		}
	}
	for here.Step < config.Steps {
		here = here.next()
		s.tell(m, here.Step)
		select {
		case <-s.stop:
			return failed(protocol.Stopped, errors.New("as asked"))
		case <-time.After(time.Duration(config.Pace * float64(time.Millisecond))):
		}
		if err := s.report(m, here.Step, here.Loss); err != nil {
			return failed(protocol.OtherError, err)
		}
		if here.Step%checkpointEach != 0 {
			continue
		}
		if err := here.save(m.CheckpointDir); err != nil {
			return failed(protocol.Unavailable, err)
		}
		if err := s.out.Write(protocol.Checkpoint{Number: m.Number, Step: here.Step, Path: m.CheckpointDir}); err != nil {
			return failed(protocol.OtherError, err)
		}
	}
	return protocol.Result{Number: m.Number, Value: protocol.Value(here.Loss)}
}

func (s *simulator) report(m protocol.Trial, step int, loss float64) error {
	return s.out.Write(protocol.Report{Number: m.Number, Step: step, Metrics: protocol.Metrics{"loss": loss}})
}

// tell tells the test of a step.
func (s *simulator) tell(m protocol.Trial, step int) {
	if s.events == nil {
		return
	}
	e := event{Trainer: os.Getpid(), Worker: os.Getppid(), Number: m.Number, Attempt: m.Attempt, Step: step}
	line, err := json.Marshal(e)
	if err == nil {
		_, _ = s.events.Write(append(line, '\n')) // a test that has ended does not listen
	}
}

// load reads a checkpoint; a training without one begins at step 0.
func load(dir string, seed int64) (position, error) {
	data, err := os.ReadFile(filepath.Join(dir, "position"))
	if errors.Is(err, fs.ErrNotExist) {
		return position{Seed: seed}, nil
	}
	if err != nil {
		return position{}, err
	}
	var p position
	if err := json.Unmarshal(data, &p); err != nil {
		return p, err
	}
	if p.Seed != seed {
		return p, fmt.Errorf("the checkpoint has seed %d, the trial %d", p.Seed, seed)
	}
	return p, nil
}

func (p position) save(dir string) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, "position")
	if err := os.WriteFile(path+".new", data, 0o666); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

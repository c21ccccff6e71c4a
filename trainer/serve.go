package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Name is what the trainer calls itself in its hello.
const Name = "hpsearch-trainer"

// Serve speaks the protocol until in ends: it runs the trials and jobs that
// it is asked for, one at a time, on the calling goroutine. The end of in
// while something runs stops that first, with a checkpoint. It returns an
// error only when the conversation itself breaks. After a trial that has left
// nothing of its GPU for this process it returns, too: the worker starts another
// trainer for the next one.
func Serve(in io.Reader, out io.Writer, version string) error {
	return serve(in, out, version, NewWorkshop())
}

func serve(in io.Reader, out io.Writer, version string, workshop *Workshop) error {
	w := protocol.NewWriter(out)
	err := w.Write(protocol.Hello{
		Protocol: protocol.Version, Name: Name, Version: version,
		Capabilities: []string{"meta-training", "export", "adapt", "predict"},
	})
	if err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	server := &server{out: w, workshop: workshop, requests: make(chan request), ended: make(chan error, 1)}
	go server.read(protocol.NewReader(in))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer server.freePredictor()
	for r := range server.requests {
		err := w.Write(server.answer(r))
		if errors.Is(err, protocol.ErrTooLong) {
			err = w.Write(failed(r.number(), err))
		}
		if err != nil {
			return fmt.Errorf("send a result: %w", err)
		}
		if server.broken {
			return nil
		}
	}
	return <-server.ended
}

// A request is a trial or job with the channel that is closed to stop it.
type request struct {
	message protocol.Message
	stopped chan struct{}
}

// number returns the number that messages about the request carry.
func (r request) number() int {
	if trial, ok := r.message.(protocol.Trial); ok {
		return trial.Number
	}
	return protocol.JobNumber
}

type server struct {
	out      *protocol.Writer
	workshop *Workshop
	requests chan request
	ended    chan error
	broken   bool // no further trial can be run by this process

	// The model that predict jobs use, in a scope that lives from one to the
	// next. Serve holds the thread that all tensors belong to.
	predictor       *export.Predictor
	predictorDir    string
	predictorDevice string
	predictorScope  tensor.Scope
}

// read turns lines into requests and stops. It closes the requests at the end
// of the input.
func (s *server) read(r *protocol.Reader) {
	var current chan struct{} // of the last request; nil once it was closed
	stop := func() {
		if current != nil {
			close(current)
			current = nil
		}
	}
	defer close(s.requests)
	defer stop()
	for {
		m, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			s.ended <- nil
			return
		case err != nil:
			s.ended <- fmt.Errorf("read a request: %w", err)
			return
		}
		switch m.(type) {
		case protocol.Stop:
			// Late stops find nothing to do: the request has ended, and
			// closing its channel has no effect.
			stop()
		case protocol.Trial, protocol.Job:
			current = make(chan struct{})
			s.requests <- request{message: m, stopped: current}
		}
	}
}

// answer runs one request to its Result or Failed. A panic ends the request
// alone; where it came from goes to the log.
func (s *server) answer(r request) (answer protocol.Message) {
	defer func() {
		if fault := recover(); fault != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", fault, debug.Stack())
			answer = failed(r.number(), fmt.Errorf("a mistake in hpsearch-trainer, please report it with the log: %v", fault))
		}
	}()
	switch m := r.message.(type) {
	case protocol.Trial:
		s.freePredictor()
		return s.runTrial(m, r.stopped)
	case protocol.Job:
		if m.Kind != protocol.JobPredict { // which may change the folder, and needs the memory
			s.freePredictor()
		}
		return s.runJob(m, r.stopped)
	}
	return failed(r.number(), fmt.Errorf("cannot answer %T", r.message))
}

func (s *server) runTrial(m protocol.Trial, stopped <-chan struct{}) protocol.Message {
	config, err := withMetric(m.Config, m.Metric)
	if err != nil {
		return failed(m.Number, err)
	}
	logf("seed %d, settings %s", m.Seed, settingsText(config))
	result, err := s.workshop.RunTrial(Trial{
		Config: config, Seed: m.Seed, CheckpointDir: m.CheckpointDir, CacheDir: m.CacheDir, Stopped: stopped,
		Hooks: s.hooks(m.Number, "train"),
	})
	if err != nil {
		s.broken = errors.Is(err, ErrBroken)
		f := failed(m.Number, err)
		logf("%s: %s", f.Reason, f.Message)
		return f
	}
	logf("value %.9g; %s", result.Value, metricsText(result.Metrics))
	answer := protocol.Result{Number: m.Number, Value: protocol.Value(result.Value), Metrics: result.Metrics}
	if m.CheckpointDir != "" {
		answer.Artifacts = map[string]string{"best": filepath.Join(m.CheckpointDir, meta.BestFile)}
	}
	return answer
}

// withMetric adds the study's metric to settings that name none.
func withMetric(config json.RawMessage, metric string) (json.RawMessage, error) {
	if metric == "" {
		return config, nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(config, &values); err != nil {
		return nil, badConfig(fmt.Errorf("settings are no JSON object: %w", err))
	}
	if _, ok := values["metric"]; ok {
		return config, nil
	}
	merged := maps.Clone(values)
	if merged == nil {
		merged = make(map[string]json.RawMessage, 1)
	}
	encoded, err := json.Marshal(metric)
	if err != nil {
		return nil, err
	}
	merged["metric"] = encoded
	return json.Marshal(merged)
}

// progressEvery limits how often progress is sent: it is for people.
const progressEvery = 200 * time.Millisecond

// hooks forwards what happens in a training. A message that cannot be sent is
// dropped here: the broken pipe ends Serve with the next result.
func (s *server) hooks(number int, phase string) meta.Hooks {
	var last time.Time
	return meta.Hooks{
		Report: func(step int, metrics map[string]float64) {
			logf("step %d: %s", step, metricsText(metrics))
			_ = s.out.Write(protocol.Report{Number: number, Step: step, Metrics: metrics})
		},
		Checkpoint: func(step int, path string) {
			_ = s.out.Write(protocol.Checkpoint{Number: number, Step: step, Path: path})
		},
		Progress: func(step, total int) {
			if now := time.Now(); now.Sub(last) >= progressEvery || step == total {
				last = now
				_ = s.out.Write(protocol.Progress{Number: number, Step: step, Total: total, Phase: phase})
			}
		},
	}
}

// failed tells of an error in one line.
func failed(number int, err error) protocol.Failed {
	message := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	return protocol.Failed{Number: number, Reason: reasonOf(err), Message: message}
}

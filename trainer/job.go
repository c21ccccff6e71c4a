package trainer

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/compress"
	"github.com/hpsearch/hpsearch/trainer/export"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// runJob answers a one-off job.
func (s *server) runJob(m protocol.Job, stopped <-chan struct{}) protocol.Message {
	var output any
	var err error
	switch m.Kind {
	case protocol.JobExport:
		output, err = s.export(m.Config, stopped)
	case protocol.JobAdapt:
		output, err = adapt(m.Config)
	case protocol.JobPredict:
		output, err = s.predict(m.Config)
	default:
		err = badConfig(fmt.Errorf("job %q is not known", m.Kind))
	}
	if err != nil {
		return failed(protocol.JobNumber, err)
	}
	encoded, err := json.Marshal(output)
	if err != nil {
		return failed(protocol.JobNumber, fmt.Errorf("encode the result: %w", err))
	}
	return protocol.Result{Number: protocol.JobNumber, Output: encoded}
}

// exportJob is the configuration of an export.
type exportJob struct {
	Study    string              `json:"study"`
	Trial    int                 `json:"trial"`
	Params   map[string]any      `json:"params"`
	Settings json.RawMessage     `json:"settings"`
	Split    map[string][]string `json:"split"`
	Seed     int64               `json:"seed"`
	Value    float64             `json:"value"`
	Foreign  bool                `json:"foreign"`
	Metric   string              `json:"metric"`
	Threads  int                 `json:"threads"`
	To       string              `json:"to"`
	Prune    string              `json:"prune"`
	Quantize string              `json:"quantize"`
}

func (s *server) export(raw json.RawMessage, stopped <-chan struct{}) (*export.Report, error) {
	var job exportJob
	if err := json.Unmarshal(raw, &job); err != nil {
		return nil, badConfig(fmt.Errorf("reading the job: %w", err))
	}
	spec, err := compress.ParseSpec(job.Prune, job.Quantize)
	if err != nil {
		return nil, badConfig(err)
	}
	settings, err := withMetric(job.Settings, job.Metric)
	if err != nil {
		return nil, err
	}
	config, seed, err := parseConfig(settings, job.Seed)
	if err != nil {
		return nil, err
	}
	if config.Split == nil {
		config.Split = job.Split
	}
	if config.Threads == 0 {
		config.Threads = job.Threads // the trial's own number: sums depend on it
	}
	device, err := selectDevice(config)
	if err != nil {
		return nil, unavailable(err)
	}
	material, err := s.workshop.prepare(config, seed)
	if err != nil {
		return nil, err
	}
	return export.Run(export.Request{
		Study: job.Study, Trial: job.Trial, Params: job.Params, Config: config, Seed: seed, StoredValue: job.Value, Foreign: job.Foreign,
		Device: device, To: job.To, Prune: job.Prune, Quantize: job.Quantize, Spec: spec,
		Tokenizer: material.tokenizer, Data: material.data,
		Plan: func(c *setting.Config) (*meta.Data, error) {
			other, err := s.workshop.prepare(c, seed)
			if err != nil {
				return nil, err
			}
			return other.data, nil
		},
		Stopped: stopped, Progress: s.phases(),
	})
}

// phases forwards the progress of a job.
func (s *server) phases() func(phase string, step, total int) {
	var last time.Time
	var current string
	return func(phase string, step, total int) {
		now := time.Now()
		if phase == current && step != total && now.Sub(last) < progressEvery {
			return
		}
		current, last = phase, now
		_ = s.out.Write(protocol.Progress{Number: protocol.JobNumber, Step: step, Total: total, Phase: phase})
	}
}

// deviceOfJob is where adapt and predict compute: auto, which is the default, cpu,
// cuda or cuda:N.
type deviceOfJob struct {
	Device string `json:"device"`
}

func adapt(raw json.RawMessage) (*export.Adapted, error) {
	var job struct {
		Model string `json:"model"`
		Task  string `json:"task"`
		To    string `json:"to"`
		Seed  int64  `json:"seed"`
		deviceOfJob
	}
	if err := json.Unmarshal(raw, &job); err != nil {
		return nil, badConfig(fmt.Errorf("reading the job: %w", err))
	}
	return export.Adapt(export.AdaptRequest{Model: job.Model, Task: job.Task, To: job.To, Seed: job.Seed, Device: job.Device})
}

// predictions is the output of a predict job.
type predictions struct {
	Predictions []export.Prediction `json:"predictions"`
}

// defaultTokens is how far a text is continued.
const defaultTokens = 32

// predict labels one batch of texts. The model is kept for the next batch.
func (s *server) predict(raw json.RawMessage) (*predictions, error) {
	var job struct {
		Model string   `json:"model"`
		Texts []string `json:"texts"`
		// Of models that generate text.
		Tokens      int     `json:"tokens"`
		Temperature float64 `json:"temperature"`
		Seed        int64   `json:"seed"`
		deviceOfJob
	}
	job.Tokens = defaultTokens
	if err := json.Unmarshal(raw, &job); err != nil {
		return nil, badConfig(fmt.Errorf("reading the job: %w", err))
	}
	if err := s.loadPredictor(job.Model, job.Device); err != nil {
		return nil, err
	}
	var labels []export.Prediction
	var err error
	if s.predictor.Generates() {
		labels, err = s.predictor.Continue(&s.predictorScope, job.Texts, model.Sampling{Tokens: job.Tokens, Temperature: job.Temperature, Seed: job.Seed})
	} else {
		labels, err = s.predictor.Predict(&s.predictorScope, job.Texts)
	}
	if err != nil {
		s.freePredictor() // its scope remembers the error
		return nil, err
	}
	return &predictions{Predictions: labels}, nil
}

// loadPredictor makes sure that the model of a folder is loaded on a device.
func (s *server) loadPredictor(dir, device string) error {
	if s.predictor != nil && s.predictorDir == dir && s.predictorDevice == device {
		return nil
	}
	s.freePredictor()
	p, err := export.NewPredictor(&s.predictorScope, dir, device)
	if err != nil {
		s.freePredictor()
		return err
	}
	s.predictor, s.predictorDir, s.predictorDevice = p, dir, device
	return nil
}

// freePredictor lets go of a model that predict jobs kept: it would take the
// memory of what comes next.
func (s *server) freePredictor() {
	s.predictor = nil
	_ = s.predictorScope.Close()
	s.predictorScope = tensor.Scope{}
}

package export

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/compress"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// A Request says what to export. Everything in it is checked before training.
type Request struct {
	Study       string
	Trial       int
	Params      map[string]any // for the report
	Config      *setting.Config
	Seed        int64
	StoredValue float64
	Foreign     bool // StoredValue is another program's
	Device      tensor.Device
	To          string // a folder that does not exist or is empty
	Prune       string // as the user wrote it; Spec holds what it means
	Quantize    string
	Spec        compress.Spec

	Tokenizer *text.Tokenizer
	Data      *meta.Data
	// Plan draws the data of another configuration from the same family.
	Plan func(*setting.Config) (*meta.Data, error)

	Stopped  <-chan struct{}
	Progress func(phase string, step, total int)
}

// An exporter is the state of one export.
type exporter struct {
	Request
	report    *Report
	work      string // the folder that becomes To
	algorithm meta.Algorithm
	bundle    *Bundle
	test      []meta.Episode
	pooler    []hf.Blob // passed through from the pretrained checkpoint
}

// Run retrains, measures, compresses and writes the folder. The folder
// appears under its name only when it is complete.
func Run(r Request) (*Report, error) {
	if err := compressible(r); err != nil {
		return nil, err
	}
	if r.Spec.Int8 {
		if _, err := tensor.QuantizedEngine(); err != nil {
			return nil, fmt.Errorf("quantize: %w", err)
		}
	}
	folder, err := stage(r.To)
	if err != nil {
		return nil, err
	}
	defer folder.discard()
	e := &exporter{Request: r, work: folder.work, report: &Report{Study: r.Study, Trial: r.Trial, Params: r.Params, Notes: []string{}}}
	if err := tensor.Do(e.run); err != nil {
		return nil, err
	}
	if err := e.report.write(folder.work); err != nil {
		return nil, err
	}
	if err := folder.publish(); err != nil {
		return nil, err
	}
	return e.report, nil
}

func (e *exporter) phase(name string) {
	if e.Progress != nil {
		e.Progress(name, 0, 0)
	}
}

func (e *exporter) run(s *tensor.Scope) error {
	e.report.Libtorch = tensor.Version()
	var err error
	if e.test, err = e.Data.Episodes(task.Test); err != nil {
		return err
	}
	learner, err := meta.LoadLearner(s, meta.Blueprint{Config: e.Config, Tokenizer: e.Tokenizer, Inputs: e.Data.Inputs(), Seed: e.Seed, Device: e.Device})
	if err != nil {
		return err
	}
	if err := learner.Fits(e.Config); err != nil {
		return err
	}
	learner.Stopped = e.Stopped
	learner.BF16 = false // the folder is measured as it is read; retrain trains as the trial did
	e.bundle = &Bundle{
		Tokenizer: e.Tokenizer, Learner: learner,
		Manifest: newManifest(e.Config, e.Data.Inputs()),
	}
	m := &e.bundle.Manifest
	m.Study, m.Trial, m.Projection = e.Study, e.Trial, learner.Projection != nil
	if encoder := learner.Encoder(); encoder != nil {
		m.Pooling, m.MaxLength = encoder.Pooling, e.Config.MaxLength
	}
	if _, ok := model.Base(learner.Network).(*model.GPT2); ok {
		m.Pooling, m.MaxLength = model.MeanPooling, e.Config.MaxLength
	}
	if scale := e.Data.Scale(); scale != (task.Scale{}) {
		m.Scale = &scale
	}
	if !learner.Head.IsNone() {
		m.Outputs = e.Config.Outputs()
	}
	if e.algorithm, err = meta.NewAlgorithm(s, e.setup(e.Config, e.Data)); err != nil {
		return err
	}
	for _, step := range []func(*tensor.Scope) error{e.measureBefore, e.retrain, e.writeModel, e.compress, e.measureLatencies} {
		if e.interrupted() {
			return meta.ErrStopped
		}
		if err := step(s); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) interrupted() bool {
	select {
	case <-e.Stopped:
		return true
	default:
		return false
	}
}

func (e *exporter) setup(config *setting.Config, data *meta.Data) meta.Setup {
	return meta.Setup{Config: config, Seed: e.Seed, Learner: e.bundle.Learner, Data: data}
}

func (e *exporter) measureBefore(s *tensor.Scope) error {
	e.phase("measure before meta-training")
	m, err := meta.Evaluate(s, e.algorithm.Adapter(), e.bundle.Learner, e.Data.Inputs(), e.test)
	e.report.Test.Before = scoreOf(m)
	return err
}

func (e *exporter) hooks(phase string) meta.Hooks {
	return meta.Hooks{Progress: func(step, total int) {
		if e.Progress != nil {
			e.Progress(phase, step, total)
		}
	}}
}

func (e *exporter) retrain(s *tensor.Scope) error {
	e.bundle.Learner.BF16 = e.Config.Precision == setting.BF16
	outcome, err := meta.Train(s, e.algorithm, e.bundle.Learner, e.Data, meta.Options{
		Config: e.Config, Seed: e.Seed, Stopped: e.Stopped, Hooks: e.hooks("retrain"),
	})
	e.bundle.Learner.BF16 = false
	if err != nil {
		return fmt.Errorf("retrain: %w", err)
	}
	e.report.Retrain = Retrain{
		ValLoss: outcome.Metrics["val_loss"], ValAccuracy: outcome.Metrics["val_accuracy"],
		Metric: e.Config.Metric, Value: outcome.Value, StoredValue: e.StoredValue, Reproduced: outcome.Value == e.StoredValue,
		Seconds: outcome.Duration.Seconds(), Seed: e.Seed, Device: e.Device.String(), Threads: tensor.Threads(),
	}
	switch {
	case e.report.Retrain.Reproduced:
	case e.Foreign:
		e.note("Retraining gave %s %v, the study has %v, which another program computed.", e.Config.Metric, outcome.Value, e.StoredValue)
	default:
		e.note("Retraining gave %s %v, the study has %v. On one machine, with the same hpsearch, libtorch, number of threads and device CPU the two are equal; "+
			"something of that differs.", e.Config.Metric, outcome.Value, e.StoredValue)
	}
	e.phase("measure")
	m, err := meta.Evaluate(s, e.algorithm.Adapter(), e.bundle.Learner, e.Data.Inputs(), e.test)
	e.report.Test.FP32 = scoreOf(m)
	return err
}

func (e *exporter) note(format string, args ...any) {
	e.report.Notes = append(e.report.Notes, fmt.Sprintf(format, args...))
}

// writeModel writes the fp32 folder.
func (e *exporter) writeModel(s *tensor.Scope) error {
	e.phase("write")
	network := model.Merged(s, e.bundle.Learner.Network)
	if err := s.Err(); err != nil {
		return err
	}
	blobs, err := model.Blobs(network.Params())
	if err != nil {
		return err
	}
	e.countParameters(blobs)
	e.bundle.nameFrozen()
	if plain, ok := network.(model.Plain); ok {
		if err := e.bundle.savePlain(e.work, plain); err != nil {
			return err
		}
		e.report.SizeBytes.FP32, err = folderBytes(e.work)
		return err
	}
	if g, ok := network.(*model.GPT2); ok {
		if err := e.bundle.saveGPT2(e.work, e.Config.Model.Path, g); err != nil {
			return err
		}
		e.report.SizeBytes.FP32, err = folderBytes(e.work)
		return err
	}
	if e.pooler, err = e.readPooler(); err != nil {
		return err
	}
	if err := e.bundle.save(e.work, e.Config.Model.TokenizerPath(), append(blobs, e.pooler...)); err != nil {
		return err
	}
	e.report.SizeBytes.FP32, err = folderBytes(e.work)
	return err
}

// readPooler returns the pooler of the pretrained checkpoint, a new one for a
// model made from nothing.
func (e *exporter) readPooler() ([]hf.Blob, error) {
	if e.Config.Model.Path == "" {
		return model.NewPooler(e.bundle.Learner.Encoder().Config, e.Seed), nil
	}
	return model.ReadPooler(e.Config.Model.Path)
}

// countParameters reports how many numbers there are, and how many are not 0,
// in the network's F32 blobs, the projection and the head.
func (e *exporter) countParameters(network []hf.Blob) {
	p := &e.report.Parameters
	p.Total, p.Nonzero = 0, 0
	for _, b := range network {
		p.Total += int64(len(b.Data) / 4)
		p.Nonzero += nonzeroFloats(b.Data)
	}
	for _, t := range slices.Concat(e.bundle.Learner.Projection.Params(), e.bundle.Learner.Head.Params()) {
		p.Total += t.Tensor.Numel()
		p.Nonzero += t.Tensor.Numel()
	}
}

// measureLatencies loads what was written, as a user will, and times it on
// the CPU.
func (e *exporter) measureLatencies(s *tensor.Scope) error {
	e.phase("time")
	input, err := e.latencyInput()
	if err != nil {
		return err
	}
	measure := func(dir string) (l Latency, err error) {
		err = s.Run(func(inner *tensor.Scope) error {
			b, err := Load(inner, dir, tensor.CPU)
			if err != nil {
				return fmt.Errorf("reload: %w", err)
			}
			b.withoutLoRA()
			l, err = measureLatency(inner, b, input)
			return err
		})
		return l, err
	}
	if e.report.LatencyMS.FP32, err = measure(e.work); err != nil || !e.Spec.Any() {
		return err
	}
	compressed, err := measure(filepath.Join(e.work, CompressedFolder))
	e.report.LatencyMS.Compressed = &compressed
	return err
}

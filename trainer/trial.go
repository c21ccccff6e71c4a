package trainer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Trial is one meta-training to run.
type Trial struct {
	Config        json.RawMessage // settings, as an object
	Seed          int64           // used unless the settings fix one
	CheckpointDir string          // "": no checkpoints
	CacheDir      string          // shared by all trials of a study; "": none
	Stopped       <-chan struct{}
	Hooks         meta.Hooks
}

// A Result is what a trial measured.
type Result struct {
	Value   float64
	Metrics map[string]float64
}

// RunTrial trains with the trial's settings and returns its best validation.
// It must not run concurrently with anything else that uses tensors.
func (w *Workshop) RunTrial(t Trial) (*Result, error) {
	config, seed, err := parseConfig(t.Config, t.Seed)
	if err != nil {
		return nil, err
	}
	device, err := selectDevice(config)
	if err != nil {
		return nil, unavailable(err)
	}
	material, err := w.prepare(config, seed)
	if err != nil {
		return nil, err
	}
	var result *Result
	err = tensor.Do(func(s *tensor.Scope) error {
		learner, err := meta.LoadLearner(s, meta.Blueprint{
			Config: config, Tokenizer: material.tokenizer, Inputs: material.data.Inputs(), Seed: seed, Device: device,
		})
		if errors.Is(err, meta.ErrWarmStart) { // a setting is at fault
			return badConfig(err)
		}
		if err != nil {
			return unavailable(err)
		}
		if err := learner.Fits(config); err != nil {
			return badConfig(err)
		}
		algorithm, err := meta.NewAlgorithm(s, meta.Setup{Config: config, Seed: seed, Learner: learner, Data: material.data})
		if err != nil {
			return badConfig(err)
		}
		logf("device %s, threads %d, %s, steps %d", device, tensor.Threads(), config.Algorithm, algorithm.Steps())
		outcome, err := meta.Train(s, algorithm, learner, material.data, meta.Options{
			Config: config, Seed: seed, Dir: t.CheckpointDir, Stopped: t.Stopped, Hooks: t.Hooks,
			Prefix: meta.PrefixCache{Store: w.frozen, Dir: t.CacheDir, Log: logf},
		})
		if err != nil {
			return err
		}
		result = &Result{Value: outcome.Value, Metrics: trialMetrics(outcome)}
		if t.CheckpointDir != "" {
			return meta.RemoveCheckpoint(t.CheckpointDir)
		}
		return nil
	})
	return result, w.stillComputes(device, err)
}

// stillComputes marks the error of a trial after which this process can compute
// nothing more on the device.
func (w *Workshop) stillComputes(device tensor.Device, err error) error {
	if err == nil || errors.Is(err, meta.ErrStopped) {
		return err
	}
	if silent := w.answers(device); silent != nil && !errors.Is(silent, tensor.ErrOutOfMemory) { // neighbours may have all of it
		logf("%s does not answer any more: %v", device, silent)
		return marked{ErrBroken, err}
	}
	return err
}

// answers asks a GPU whether it still computes. The CPU always does.
func answers(device tensor.Device) error {
	if !device.IsCUDA() {
		return nil
	}
	return tensor.Answers(device)
}

func trialMetrics(o *meta.Outcome) map[string]float64 {
	metrics := map[string]float64{
		"best_step":            float64(o.Step),
		"steps":                float64(o.Steps),
		"trainable_parameters": float64(o.Trained),
		"train_seconds":        o.Duration.Seconds(),
		"step_ms":              float64(o.StepTime.Microseconds()) / 1000,
		"threads":              float64(tensor.Threads()),
	}
	if o.Memory > 0 {
		metrics["memory_bytes"] = float64(o.Memory)
	}
	for name, v := range o.Metrics {
		metrics[name] = v
	}
	return metrics
}

// parseConfig reads settings; the seed is the settings' own if they fix one.
func parseConfig(raw json.RawMessage, seed int64) (*setting.Config, int64, error) {
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, 0, badConfig(fmt.Errorf("settings are no JSON object: %w", err))
	}
	config, err := setting.Parse(values)
	if err != nil {
		return nil, 0, badConfig(err)
	}
	if config.SeedSet {
		seed = config.Seed
	}
	return config, seed, nil
}

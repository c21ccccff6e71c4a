package trainer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// ErrConfig is wrapped by errors that another attempt cannot mend: settings
// that do not fit together, files that are missing or damaged.
var ErrConfig = errors.New("bad configuration")

// A Trial is one meta-training to run.
type Trial struct {
	Config        json.RawMessage // settings, as an object
	Seed          int64           // used unless the settings fix one
	CheckpointDir string          // "": no checkpoints
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
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	material, err := w.prepare(config, seed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var result *Result
	err = tensor.Do(func(s *tensor.Scope) error {
		learner, err := meta.LoadLearner(s, config, material.tokenizer, device)
		if err != nil {
			return configError(err)
		}
		algorithm, err := meta.NewAlgorithm(s, meta.Setup{Config: config, Seed: seed, Learner: learner, Data: material.data})
		if err != nil {
			return configError(err)
		}
		outcome, err := meta.Train(s, algorithm, learner, material.data, meta.Options{
			Config: config, Seed: seed, Dir: t.CheckpointDir, Stopped: t.Stopped, Hooks: t.Hooks,
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
	return result, err
}

func trialMetrics(o *meta.Outcome) map[string]float64 {
	metrics := map[string]float64{
		"best_step":            float64(o.Step),
		"steps":                float64(o.Steps),
		"trainable_parameters": float64(o.Trained),
		"train_seconds":        o.Duration.Seconds(),
		"threads":              float64(tensor.Threads()),
	}
	for name, v := range o.Metrics {
		metrics[name] = v
	}
	return metrics
}

// configError marks an error as the configuration's fault unless it is a
// lack of memory.
func configError(err error) error {
	if errors.Is(err, tensor.ErrOutOfMemory) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrConfig, err)
}

// parseConfig reads settings; the seed is the settings' own if they fix one.
func parseConfig(raw json.RawMessage, seed int64) (*setting.Config, int64, error) {
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, 0, fmt.Errorf("%w: settings are no JSON object: %w", ErrConfig, err)
	}
	config, err := setting.Parse(values)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if config.SeedSet {
		seed = config.Seed
	}
	return config, seed, nil
}

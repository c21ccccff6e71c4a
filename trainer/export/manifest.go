package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
)

// The files that a model folder has beside its config and weights.
const (
	ManifestFile = hf.ManifestFile
	HeadFile     = "head.safetensors" // projection and head
)

// manifestFormat is the version of the folder's layout.
const manifestFormat = 1

// A Manifest says what config.json cannot: what the network reads, and how a
// task is learned with its vectors.
type Manifest struct {
	Format    int              `json:"format"`
	Study     string           `json:"study,omitempty"`
	Trial     int              `json:"trial"`
	Algorithm string           `json:"algorithm"`      // how a new task is learned
	Type      setting.TaskType `json:"type,omitempty"` // of tasks; classification when absent
	// Pooling and MaxLength are those of texts.
	Pooling   model.Pooling `json:"pooling,omitempty"`
	MaxLength int           `json:"max_length,omitempty"`
	// Images says how images are read, nil for other inputs.
	Images *ImageReading `json:"images,omitempty"`
	// Projection says that head.safetensors has a linear layer on top of the
	// pooled vector.
	Projection bool `json:"projection"`
	// Inner is the gradient descent by which a task is learned, nil for
	// algorithms that learn it from vectors.
	Inner *InnerLoop `json:"inner_loop,omitempty"`
	// Tuning is the fine-tuning by which a task is learned, nil for other
	// algorithms than finetune.
	Tuning *Tuning `json:"fine_tuning,omitempty"`
	// Outputs is the number of outputs of the head in head.safetensors that
	// gradient descent starts from; 0 when there is none.
	Outputs int `json:"outputs,omitempty"`
	// Scale is how the labels of a regression were scaled in training: tasks
	// are learned on that scale, and numbers are told on the labels' own.
	Scale *task.Scale `json:"scale,omitempty"`
	// Quantization is int8 when the encoder's matrices are stored as int8
	// and multiplied by int8 kernels.
	Quantization string `json:"quantization,omitempty"`
	// Labels are the classes of the head in head.safetensors, after the model
	// was adapted to a task.
	Labels []string `json:"labels,omitempty"`
	// Adapted says that the model has learned a task.
	Adapted bool `json:"adapted,omitempty"`
}

// generated reports whether the model reads what no file holds: the points of
// sine curves.
func (m *Manifest) generated() bool {
	return m.Type == setting.Regression && m.Images == nil && m.MaxLength == 0
}

// ready reports whether the model can say something about an example.
func (m *Manifest) ready() bool {
	switch m.Type {
	case setting.Generation:
		return true
	case setting.Regression:
		return m.Adapted
	}
	return len(m.Labels) > 0
}

// ImageReading is how images were read in training, as the settings of tasks
// say it.
type ImageReading struct {
	Size   int  `json:"image_size"` // 0: files must be Width x Height pixels
	Color  bool `json:"color"`
	Invert bool `json:"invert"`
	Width  int  `json:"width"` // of what the network reads
	Height int  `json:"height"`
}

// An InnerLoop is the gradient descent by which a task is learned.
type InnerLoop struct {
	Rate   float64             `json:"inner_lr"`
	Steps  int                 `json:"adaptation_steps"`
	Freeze setting.InnerFreeze `json:"inner_freeze"`
	// Frozen names the parameters that training left as they were, which
	// inner_freeze: same leaves, too.
	Frozen []string `json:"frozen,omitempty"`
	// LoRA says that a task is learned by changing LoRA's matrices. Their products
	// are in model.safetensors, and they are in lora.safetensors.
	LoRA *LoRA `json:"lora,omitempty"`
}

// LoRA is the rank of LoRA's matrices, and how much their products count, under
// the names of the settings.
type LoRA struct {
	Rank  int     `json:"rank"`
	Alpha float64 `json:"lora_alpha"`
}

// Tuning is the fine-tuning by which a task is learned, under the names of the
// settings.
type Tuning struct {
	LearningRate  float64 `json:"learning_rate"`
	Steps         int     `json:"adaptation_steps"`
	BatchSize     int     `json:"batch_size"`
	WeightDecay   float64 `json:"weight_decay"`
	WarmupRatio   float64 `json:"warmup_ratio"`
	Schedule      string  `json:"schedule"`
	Optimizer     string  `json:"optimizer"`
	Dropout       float64 `json:"dropout"`
	GradientClip  float64 `json:"gradient_clip"`
	Freeze        string  `json:"freeze"`
	UnfreezeRatio float64 `json:"unfreeze_ratio"`
	LoRAAlpha     float64 `json:"lora_alpha"`
	LayerDecay    float64 `json:"layer_decay"`
}

// newManifest describes what a configuration trains on such inputs.
func newManifest(c *setting.Config, inputs meta.Inputs) Manifest {
	m := Manifest{Format: manifestFormat, Algorithm: c.Algorithm, Type: c.Tasks.Type}
	if pictures, ok := inputs.(*meta.Pictures); ok {
		sides := pictures.Shape()
		m.Images = &ImageReading{Size: c.Tasks.ImageSize, Color: c.Tasks.Color, Invert: c.Tasks.Invert, Width: int(sides[2]), Height: int(sides[1])}
	}
	switch {
	case c.Algorithm == setting.Finetune:
		m.Tuning = &Tuning{
			LearningRate: c.LearningRate, Steps: c.EvalAdaptationSteps, BatchSize: c.BatchSize, WeightDecay: c.WeightDecay,
			WarmupRatio: c.WarmupRatio, Dropout: c.Dropout, GradientClip: c.GradientClip, Freeze: c.Freeze.String(),
			Schedule: c.Schedule, Optimizer: c.Optimizer, UnfreezeRatio: c.UnfreezeRatio, LoRAAlpha: c.LoRAAlpha, LayerDecay: c.LayerDecay,
		}
	case c.ByGradient():
		m.Inner = &InnerLoop{Rate: c.InnerLR, Steps: c.EvalAdaptationSteps, Freeze: c.InnerFreeze}
		if c.AdaptsLoRA() {
			m.Inner.LoRA = &LoRA{Rank: c.Freeze.N, Alpha: c.Alpha()}
		}
	}
	return m
}

// settings returns what of a configuration decides how a task is learned.
func (m *Manifest) settings() *setting.Config {
	c := &setting.Config{Algorithm: m.Algorithm, Tasks: setting.Tasks{Type: m.Type}}
	if m.Inner != nil {
		c.InnerLR, c.InnerFreeze = m.Inner.Rate, m.Inner.Freeze
		c.AdaptationSteps, c.EvalAdaptationSteps = m.Inner.Steps, m.Inner.Steps
	}
	if t := m.Tuning; t != nil {
		c.LearningRate, c.BatchSize, c.WeightDecay, c.WarmupRatio = t.LearningRate, t.BatchSize, t.WeightDecay, t.WarmupRatio
		c.Dropout, c.GradientClip, c.UnfreezeRatio = t.Dropout, t.GradientClip, t.UnfreezeRatio
		c.Schedule, c.Optimizer = t.Schedule, t.Optimizer
		c.LoRAAlpha, c.LayerDecay = t.LoRAAlpha, t.LayerDecay
		c.AdaptationSteps, c.EvalAdaptationSteps = t.Steps, t.Steps
		c.Freeze, _ = setting.ParseFreeze(t.Freeze) // check has seen that it is one
	}
	return c
}

// reading returns the settings by which image files are read.
func (m *Manifest) reading() setting.Tasks {
	return setting.Tasks{Kind: setting.KindImages, ImageSize: m.Images.Size, Color: m.Images.Color, Invert: m.Images.Invert}
}

func readManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s: name a folder that `hpsearch export` or `hpsearch adapt` wrote", dir, ManifestFile)
	}
	if err != nil {
		return nil, err
	}
	m := Manifest{Type: setting.Classification}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, err, hf.Again(dir))
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &m, nil
}

func (m *Manifest) check() error {
	switch {
	case m.Format != manifestFormat:
		return fmt.Errorf("format %d is not known to this version, which reads %d", m.Format, manifestFormat)
	case m.Inner != nil && !(m.Inner.Steps > 0 && m.Inner.Rate > 0):
		return fmt.Errorf("inner_loop: %d steps of size %g", m.Inner.Steps, m.Inner.Rate)
	case m.Inner != nil && m.Inner.LoRA != nil && !(m.Inner.LoRA.Rank > 0 && m.Inner.LoRA.Alpha > 0):
		return fmt.Errorf("inner_loop: lora of rank %d with lora_alpha %g", m.Inner.LoRA.Rank, m.Inner.LoRA.Alpha)
	case m.Algorithm == setting.Finetune && m.Tuning == nil:
		return fmt.Errorf("fine_tuning is missing")
	case m.Tuning != nil && !(m.Tuning.Steps > 0 && m.Tuning.LearningRate > 0):
		return fmt.Errorf("fine_tuning: %d steps of rate %g", m.Tuning.Steps, m.Tuning.LearningRate)
	case m.Outputs < 0:
		return fmt.Errorf("outputs is %d", m.Outputs)
	case m.Scale != nil && !(m.Scale.Deviation > 0 && !math.IsInf(m.Scale.Deviation, 0) && !math.IsInf(m.Scale.Mean, 0)):
		return fmt.Errorf("scale: a mean of %g and a deviation of %g", m.Scale.Mean, m.Scale.Deviation)
	case m.Type == setting.Regression && m.Adapted && (m.Outputs != 1 || m.Scale == nil):
		return fmt.Errorf("a regression that was adapted has one output and a scale")
	}
	if m.Tuning != nil {
		if _, err := setting.ParseFreeze(m.Tuning.Freeze); err != nil {
			return fmt.Errorf("fine_tuning: %w", err)
		}
	}
	return nil
}

// checkTexts checks what a model of texts needs.
func (m *Manifest) checkTexts(dir string) error {
	path := filepath.Join(dir, ManifestFile)
	if m.Pooling != model.MeanPooling && m.Pooling != model.CLSPooling {
		return fmt.Errorf("%s: pooling %q: want mean or cls", path, m.Pooling)
	}
	if m.MaxLength < 3 {
		return fmt.Errorf("%s: max_length %d is too small", path, m.MaxLength)
	}
	return nil
}

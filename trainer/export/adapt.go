package export

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// An AdaptRequest asks to fit a model to a new task.
type AdaptRequest struct {
	Model  string // a folder of export's or adapt's
	Task   string // JSONL or CSV with text and label; a folder of class folders for images
	To     string // a folder that does not exist or is empty
	Seed   int64  // of the folds of the cross-validation
	Device string // auto, cpu, cuda or cuda:N; "" is auto
}

// Adapted says what was learned.
type Adapted struct {
	Labels   []string `json:"labels,omitempty"` // of a classification
	Examples int      `json:"examples"`
	Validation
}

// Adapt learns the task with the model and writes a folder that [Predictor]
// reads. Algorithms that learn a task from vectors leave the network as it is
// and fit a head; the others go on training it on the task's examples.
func Adapt(r AdaptRequest) (*Adapted, error) {
	manifest, err := readManifest(r.Model)
	if err != nil {
		return nil, err
	}
	if err := manifest.learns(r.Model); err != nil {
		return nil, err
	}
	device, err := manifest.device(r.Device)
	if err != nil {
		return nil, err
	}
	family, err := readTask(r.Task, manifest)
	if err != nil {
		return nil, err
	}
	folder, err := stage(r.To)
	if err != nil {
		return nil, err
	}
	defer folder.discard()
	var adapted *Adapted
	err = tensor.Do(func(s *tensor.Scope) error {
		adapted, err = r.learn(s, family, device, folder.work)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := folder.publish(); err != nil {
		return nil, err
	}
	return adapted, nil
}

// learns reports why the model in a folder cannot be fitted to a task.
func (m *Manifest) learns(dir string) error {
	switch {
	case m.generated():
		return fmt.Errorf("%s was trained on sine curves, which no file holds: adapt fits models of texts and images", dir)
	case m.Type == setting.Regression && m.Scale == nil:
		return fmt.Errorf("%s does not say how labels were scaled in training: export the trial again", filepath.Join(dir, ManifestFile))
	}
	return nil
}

// device returns where the model computes: int8 has kernels for CPUs alone.
func (m *Manifest) device(wanted string) (tensor.Device, error) {
	if m.Quantization == "" {
		return tensor.ParseDevice(wanted)
	}
	if wanted != "" && wanted != "auto" && wanted != "cpu" {
		return tensor.CPU, fmt.Errorf("device %q: %s models compute on CPUs only: use device cpu", wanted, m.Quantization)
	}
	return tensor.CPU, nil
}

// learn learns the task and writes the model into a folder.
func (r AdaptRequest) learn(s *tensor.Scope, family *task.Family, device tensor.Device, to string) (*Adapted, error) {
	b, err := Load(s, r.Model, device)
	if err != nil {
		return nil, err
	}
	adapter, err := meta.NewAdapter(b.Manifest.settings())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(r.Model, ManifestFile), err)
	}
	of, err := b.lesson(family)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Task, err)
	}
	adapted := &Adapted{Labels: of.labels, Examples: len(of.all.Inputs)}
	if adapted.Validation, err = crossValidate(s, adapter, b.Learner, of, r.Seed); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Task, err)
	}
	before := b.Learner.Network
	if b.Learner, err = adapter.Adapt(s, b.Learner, of.inputs, of.all, of.outputs); err != nil {
		return nil, err
	}
	b.Manifest.Labels, b.Manifest.Adapted = of.labels, true
	if b.Manifest.Type == setting.Regression {
		b.Manifest.Outputs = of.outputs
	}
	return adapted, b.saveAdapted(s, r.Model, to, b.Learner.Network != before)
}

// A lesson is a task that is to be learned.
type lesson struct {
	inputs  meta.Inputs
	all     meta.Examples
	outputs int        // of the head; 0 where the network has its own
	labels  []string   // of a classification
	scale   task.Scale // of a regression
}

// lesson returns a family of one task as the model reads it.
func (b *Bundle) lesson(family *task.Family) (*lesson, error) {
	inputs, err := b.familyInputs(family)
	if err != nil {
		return nil, err
	}
	of := &lesson{inputs: inputs}
	switch b.Manifest.Type {
	case setting.Generation:
		of.all.Inputs = meta.All(len(family.Texts))
	case setting.Regression:
		of.outputs, of.scale = 1, *b.Manifest.Scale
		of.all.Inputs = meta.All(len(family.Texts))
		for _, v := range family.Values {
			target := of.scale.Apply(v)
			if math.IsInf(float64(target), 0) {
				return nil, fmt.Errorf("the label %g is too far from those of meta-training, whose mean is %g and deviation %g", v, of.scale.Mean, of.scale.Deviation)
			}
			of.all.Targets = append(of.all.Targets, target)
		}
	default:
		of.all, of.labels = flatten(family)
		of.outputs = len(of.labels)
	}
	return of, nil
}

// advice says what may be wrong with a task that gradient descent ran away on.
func (of *lesson) advice() string {
	if of.scale.Deviation == 0 {
		return "export a trial of a smaller inner_lr or learning_rate"
	}
	return fmt.Sprintf("labels must be like those of meta-training, whose mean is %g and deviation %g", of.scale.Mean, of.scale.Deviation)
}

// familyInputs returns the examples of a family as the model reads them.
func (b *Bundle) familyInputs(family *task.Family) (meta.Inputs, error) {
	if family.Images == nil {
		return meta.NewCorpus(b.Tokenizer, family.Texts, b.Manifest.MaxLength), nil
	}
	pictures := meta.NewPictures(family.Images)
	plain, ok := b.Learner.Network.(model.Plain)
	if !ok {
		return nil, fmt.Errorf("the model reads texts, not images")
	}
	return pictures, plain.Accepts(pictures.Shape())
}

// readTask reads one task; a file with several is refused, for one head cannot
// serve them. A task of images is a folder of class folders or an IDX file.
func readTask(path string, m *Manifest) (*task.Family, error) {
	spec := setting.Tasks{Kind: "jsonl", Type: m.Type, Text: "text", Label: "label", Task: "task"}
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		spec.Kind = "csv"
	}
	load := task.Load
	if m.Images == nil && strings.EqualFold(filepath.Ext(path), ".parquet") {
		return nil, fmt.Errorf("%s: adapt reads JSONL and CSV files: write the examples as one of them", path)
	}
	switch {
	case m.Images != nil:
		spec = m.reading()
		load = func(spec setting.Tasks) (*task.Family, error) {
			return task.LoadSized(spec, m.Images.Width, m.Images.Height)
		}
	case m.Type != setting.Classification:
		load = task.LoadOne
	}
	spec.Path = path
	family, err := load(spec)
	if err != nil {
		return nil, err
	}
	if len(family.Tasks) > 1 {
		return nil, fmt.Errorf("%s: has %d tasks (%s, %s, …): adapt fits one; put each into a file of its own",
			path, len(family.Tasks), family.Tasks[0].Name, family.Tasks[1].Name)
	}
	if m.Type == setting.Classification && len(family.Classes) < 2 {
		return nil, fmt.Errorf("%s: has only the label %q: a task needs at least two", path, family.Classes[0].Name)
	}
	return family, nil
}

// flatten lists a family's examples with the numbers of their classes, and the
// names of those.
func flatten(f *task.Family) (all meta.Examples, names []string) {
	for i, c := range f.Classes {
		names = append(names, c.Name)
		for _, e := range c.Examples {
			all.Inputs = append(all.Inputs, e)
			all.Labels = append(all.Labels, int64(i))
		}
	}
	return all, names
}

// saveAdapted copies the model folder with the new head, and the new weights
// of the network if they have changed.
func (b *Bundle) saveAdapted(s *tensor.Scope, from, to string, changed bool) error {
	if err := hf.CopyFiles(from, to, append([]string{"config.json", hf.SafetensorsFile}, hf.TokenizerFiles...)...); err != nil {
		return err
	}
	if changed {
		if err := b.saveWeights(s, from, to); err != nil {
			return err
		}
	}
	if err := b.saveHead(to); err != nil {
		return err
	}
	return hf.WriteJSON(filepath.Join(to, ManifestFile), b.Manifest)
}

// saveWeights writes model.safetensors, with the pooler of the folder from, and
// the matrices of LoRA, whose products are in it.
func (b *Bundle) saveWeights(s *tensor.Scope, from, to string) error {
	if err := b.saveLoRA(to); err != nil {
		return err
	}
	network := model.Merged(s, b.Learner.Network)
	if err := s.Err(); err != nil {
		return err
	}
	switch network := network.(type) {
	case model.Plain:
		return model.SavePlain(to, network)
	case *model.GPT2:
		return network.Save(to)
	}
	blobs, err := model.Blobs(network.Params())
	if err != nil {
		return err
	}
	pooler, err := model.ReadPooler(from)
	if err != nil {
		return err
	}
	return hf.WriteSafetensors(filepath.Join(to, hf.SafetensorsFile), append(blobs, pooler...), map[string]string{"format": "pt"})
}

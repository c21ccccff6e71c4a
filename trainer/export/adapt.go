package export

import (
	"fmt"
	"math"
	"math/rand/v2"
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
	Model string // a folder of export's or adapt's
	Task  string // JSONL or CSV with text and label; a folder of class folders for images
	To    string // a folder that does not exist or is empty
	Seed  int64  // of the folds of the cross-validation
}

// Adapted says what was learned.
type Adapted struct {
	Labels   []string `json:"labels"`
	Examples int      `json:"examples"`
	// Accuracy is measured by cross-validation: each example is labelled by
	// a classifier that did not see it. nil when a class has one example.
	Accuracy *float64 `json:"cross_validated_accuracy"`
	Folds    int      `json:"folds,omitempty"`
}

// maxFolds is the usual number of folds; a class of fewer examples lowers it.
const maxFolds = 5

// Adapt learns the task with the model and writes a folder that [Predictor]
// reads. Algorithms that learn a task from vectors leave the network as it is
// and fit a head; the others go on training it on the task's examples.
func Adapt(r AdaptRequest) (*Adapted, error) {
	manifest, err := readManifest(r.Model)
	if err != nil {
		return nil, err
	}
	if manifest.Type != setting.Classification {
		return nil, fmt.Errorf("%s was trained on tasks of type %s: adapt fits classifications", r.Model, manifest.Type)
	}
	family, err := readTask(r.Task, manifest)
	if err != nil {
		return nil, err
	}
	folder, err := stage(r.To)
	if err != nil {
		return nil, fmt.Errorf("adapt: %w", err)
	}
	defer folder.discard()
	var adapted *Adapted
	err = tensor.Do(func(s *tensor.Scope) error {
		adapted, err = r.learn(s, family, folder.work)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := folder.publish(); err != nil {
		return nil, fmt.Errorf("adapt: %w", err)
	}
	return adapted, nil
}

// learn learns the task and writes the model into a folder.
func (r AdaptRequest) learn(s *tensor.Scope, family *task.Family, to string) (*Adapted, error) {
	b, err := Load(s, r.Model, tensor.CPU)
	if err != nil {
		return nil, err
	}
	adapter, err := meta.NewAdapter(b.Manifest.settings())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(r.Model, ManifestFile), err)
	}
	inputs, err := b.familyInputs(family)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Task, err)
	}
	examples, labels, names := flatten(family)
	all := meta.Examples{Inputs: examples, Labels: labels}
	adapted := &Adapted{Labels: names, Examples: len(examples)}
	if adapted.Accuracy, adapted.Folds, err = crossValidate(s, adapter, b.Learner, inputs, all, len(names), r.Seed); err != nil {
		return nil, err
	}
	before := b.Learner.Network
	if b.Learner, err = adapter.Adapt(s, b.Learner, inputs, all, len(names)); err != nil {
		return nil, err
	}
	b.Manifest.Labels = names
	return adapted, b.saveAdapted(r.Model, to, b.Learner.Network != before)
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
	spec := setting.Tasks{Kind: "jsonl", Text: "text", Label: "label", Task: "task"}
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		spec.Kind = "csv"
	}
	if m.Images != nil {
		spec = m.reading()
	}
	spec.Path = path
	family, err := task.Load(spec)
	if err != nil {
		return nil, err
	}
	if len(family.Tasks) > 1 {
		return nil, fmt.Errorf("%s: has %d tasks (%s, %s, …): adapt fits one; put each into a file of its own",
			path, len(family.Tasks), family.Tasks[0].Name, family.Tasks[1].Name)
	}
	if len(family.Classes) < 2 {
		return nil, fmt.Errorf("%s: has only the label %q: a task needs at least two", path, family.Classes[0].Name)
	}
	return family, nil
}

// flatten lists a family's examples with the numbers of their classes.
func flatten(f *task.Family) (examples []int, labels []int64, names []string) {
	for i, c := range f.Classes {
		names = append(names, c.Name)
		for _, e := range c.Examples {
			examples = append(examples, e)
			labels = append(labels, int64(i))
		}
	}
	return examples, labels, names
}

// crossValidate estimates the accuracy on examples ordered by label. Every
// class is dealt out evenly to the folds.
func crossValidate(s *tensor.Scope, adapter meta.Adapter, l *meta.Learner, inputs meta.Inputs, all meta.Examples, ways int, seed int64) (*float64, int, error) {
	labels := all.Labels
	byClass := make([][]int64, ways)
	for i, l := range labels {
		byClass[l] = append(byClass[l], int64(i))
	}
	folds := maxFolds
	for _, examples := range byClass {
		folds = min(folds, len(examples))
	}
	if folds < 2 {
		return nil, 0, nil
	}
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	foldOf := make([]int, len(labels))
	for _, examples := range byClass {
		rng.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
		for i, e := range examples {
			foldOf[e] = i % folds
		}
	}
	episodes := make([]meta.Episode, folds)
	for fold := range episodes {
		var inside, outside []int
		for i := range labels {
			if foldOf[i] == fold {
				outside = append(outside, i)
			} else {
				inside = append(inside, i)
			}
		}
		episodes[fold] = meta.Episode{Outputs: ways, Support: all.Pick(inside), Query: all.Pick(outside)}
	}
	m, err := meta.Evaluate(s, adapter, l, inputs, episodes)
	if err != nil {
		return nil, 0, fmt.Errorf("cross-validate: %w", err)
	}
	hits := 0.0 // folds differ in size
	for fold, a := range m.Accuracies {
		hits += math.Round(a * float64(len(episodes[fold].Query.Labels)))
	}
	accuracy := hits / float64(len(labels))
	return &accuracy, folds, nil
}

// saveAdapted copies the model folder with the new head, and the new weights
// of the network if they have changed.
func (b *Bundle) saveAdapted(from, to string, changed bool) error {
	for _, name := range append([]string{"config.json", hf.SafetensorsFile}, tokenizerFiles...) {
		if err := copyIfThere(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	if changed {
		if err := b.saveWeights(from, to); err != nil {
			return err
		}
	}
	if err := b.saveHead(to); err != nil {
		return err
	}
	return writeJSON(filepath.Join(to, ManifestFile), b.Manifest)
}

// saveWeights writes model.safetensors, with the pooler of the folder from.
func (b *Bundle) saveWeights(from, to string) error {
	network := b.Learner.Network
	if plain, ok := network.(model.Plain); ok {
		return model.SavePlain(to, plain)
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

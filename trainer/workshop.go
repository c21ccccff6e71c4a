package trainer

import (
	"errors"
	"sync"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/prefix"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// A Workshop keeps what trials have in common: families of tasks, tokenizers
// and token ids are loaded once in the life of a process. It is safe for
// concurrent use.
type Workshop struct {
	mu         sync.Mutex
	families   map[setting.Tasks]*task.Family
	tokenizers map[string]*text.Tokenizer
	corpora    map[corpusKey]*meta.Corpus
	frozen     *prefix.Store
	answers    func(tensor.Device) error // see answers
}

type corpusKey struct {
	tasks     setting.Tasks
	tokenizer string
	maxLength int
}

// NewWorkshop returns an empty workshop.
func NewWorkshop() *Workshop {
	return &Workshop{
		families:   make(map[setting.Tasks]*task.Family),
		tokenizers: make(map[string]*text.Tokenizer),
		corpora:    make(map[corpusKey]*meta.Corpus),
		frozen:     prefix.NewStore(),
		answers:    answers,
	}
}

// material is what one training is made from.
type material struct {
	tokenizer *text.Tokenizer
	data      *meta.Data
}

// prepare loads or reuses the data of a configuration.
func (w *Workshop) prepare(config *setting.Config, seed int64) (*material, error) {
	if config.Tasks.Kind == setting.KindSinusoid {
		return generated(config, seed)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	family, err := w.family(config.Tasks)
	if err != nil {
		return nil, unavailable(err)
	}
	if family.Images != nil {
		data, err := meta.NewData(family, meta.NewPictures(family.Images), config, seed)
		if err != nil {
			return nil, unplanned(err)
		}
		return &material{data: data}, nil
	}
	tokenizer, err := w.tokenizer(config.Model.TokenizerPath())
	if err != nil {
		return nil, unavailable(err)
	}
	key := corpusKey{config.Tasks, config.Model.TokenizerPath(), config.MaxLength}
	corpus, ok := w.corpora[key]
	if !ok {
		corpus = meta.NewCorpus(tokenizer, family.Texts, config.MaxLength)
		w.corpora[key] = corpus
	}
	data, err := meta.NewData(family, corpus, config, seed)
	if err != nil {
		return nil, unplanned(err)
	}
	return &material{tokenizer: tokenizer, data: data}, nil
}

// unplanned marks why the tasks of a trial cannot be drawn: by its settings, but
// for a split that the data have not any more.
func unplanned(err error) error {
	if errors.Is(err, task.ErrSplit) {
		return unavailable(err)
	}
	return badConfig(err)
}

// generated prepares the data of a family that is computed from a seed.
func generated(config *setting.Config, seed int64) (*material, error) {
	data, err := meta.NewData(nil, meta.NewPoints(task.NewSinusoid(config, seed)), config, seed)
	if err != nil {
		return nil, badConfig(err)
	}
	return &material{data: data}, nil
}

func (w *Workshop) family(spec setting.Tasks) (*task.Family, error) {
	if f, ok := w.families[spec]; ok {
		return f, nil
	}
	f, err := task.Load(spec)
	if err != nil {
		return nil, err
	}
	w.families[spec] = f
	return f, nil
}

func (w *Workshop) tokenizer(dir string) (*text.Tokenizer, error) {
	if t, ok := w.tokenizers[dir]; ok {
		return t, nil
	}
	t, err := text.Load(dir)
	if err != nil {
		return nil, err
	}
	w.tokenizers[dir] = t
	return t, nil
}

// defaultThreads is libtorch's own choice, or that of OMP_NUM_THREADS.
var defaultThreads = sync.OnceValue(tensor.Threads)

// selectDevice resolves the device and sets the number of threads.
func selectDevice(config *setting.Config) (tensor.Device, error) {
	threads := defaultThreads()
	if config.Threads > 0 {
		threads = config.Threads
	}
	tensor.SetThreads(threads)
	return tensor.ParseDevice(config.Device.String())
}

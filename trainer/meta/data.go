package meta

import (
	"fmt"
	"sync"

	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// An Episode is a task as an [Algorithm] sees it: indices of texts, with
// labels from 0 to Ways-1.
type Episode struct {
	Ways          int
	Support       []int
	SupportLabels []int64
	Query         []int
	QueryLabels   []int64
}

// Corpus is the tokenized texts of a family. It is safe for concurrent use,
// and meant to be shared by all trials that read the same family with the
// same tokenizer and length.
type Corpus struct {
	tokenizer *text.Tokenizer
	texts     []string
	maxLength int

	mu     sync.Mutex
	tokens [][]int32 // nil until first asked for
}

// NewCorpus prepares texts; each is tokenized when it is first needed.
func NewCorpus(tokenizer *text.Tokenizer, texts []string, maxLength int) *Corpus {
	return &Corpus{tokenizer: tokenizer, texts: texts, maxLength: maxLength, tokens: make([][]int32, len(texts))}
}

// Tokens returns the token ids of texts by index.
func (c *Corpus) Tokens(examples []int) [][]int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([][]int32, len(examples))
	for i, e := range examples {
		if c.tokens[e] == nil {
			c.tokens[e] = c.tokenizer.Encode(c.texts[e], c.maxLength)
		}
		out[i] = c.tokens[e]
	}
	return out
}

// Data is what one training draws from: a plan of tasks and their texts.
type Data struct {
	config *setting.Config
	plan   *task.Plan
	corpus *Corpus
}

// NewData draws the plan of a run with the given seed.
func NewData(family *task.Family, corpus *Corpus, config *setting.Config, seed int64) (*Data, error) {
	plan, err := task.NewPlan(family, config, seed)
	if err != nil {
		return nil, err
	}
	return &Data{config: config, plan: plan, corpus: corpus}, nil
}

// Texts returns the token ids of examples.
func (d *Data) Texts(examples []int) [][]int32 { return d.corpus.Tokens(examples) }

// TrainEpisode returns meta-training episode i, from 0 and without end.
func (d *Data) TrainEpisode(i int) (Episode, error) {
	if d.plan.Train == nil {
		return Episode{}, fmt.Errorf("algorithm %s draws no episodes", d.config.Algorithm)
	}
	return toEpisode(d.plan.Train.Episode(i)), nil
}

// Joint returns the batches of joint training, nil for other algorithms.
func (d *Data) Joint() *task.Batcher { return d.plan.Joint }

// Episodes returns the episodes of meta-validation or meta-test, which are
// the same in every trial of a study.
func (d *Data) Episodes(role string) ([]Episode, error) {
	sampler, n := d.plan.Validation, d.config.EvalEpisodes
	switch role {
	case task.Validation:
	case task.Test:
		sampler, n = d.plan.Test, d.config.TestEpisodes
	default:
		return nil, fmt.Errorf("no fixed episodes for %q", role)
	}
	episodes := make([]Episode, n)
	for i := range episodes {
		episodes[i] = toEpisode(sampler.Episode(i))
	}
	return episodes, nil
}

// EvalEvery returns the number of steps between validations.
func (d *Data) EvalEvery() int {
	if d.config.EvalEvery > 0 {
		return d.config.EvalEvery
	}
	return d.plan.Joint.StepsPerEpoch()
}

func toEpisode(e task.Episode) Episode {
	return Episode{
		Ways:    len(e.Classes),
		Support: e.Support.Examples, SupportLabels: toInt64(e.Support.Labels),
		Query: e.Query.Examples, QueryLabels: toInt64(e.Query.Labels),
	}
}

func toInt64(labels []int) []int64 {
	out := make([]int64, len(labels))
	for i, l := range labels {
		out[i] = int64(l)
	}
	return out
}

package export

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// The number of forward passes that a latency is taken from.
const (
	latencyWarmup = 10
	latencyRuns   = 50
)

// latencyTokens is the most tokens of the text that a latency is taken of.
const latencyTokens = 128

// A latencyInput is one example to time: what it holds does not matter.
type latencyInput struct {
	inputs meta.Inputs
	tokens int    // of a text, 0 for others
	what   string // it is
}

// latencyInput returns one example of what the model reads: a text, an image
// of the family, or numbers.
func (e *exporter) latencyInput() (latencyInput, error) {
	if e.Tokenizer != nil {
		tokens := min(e.Config.MaxLength, latencyTokens)
		return latencyInput{lengthOnly{vocabulary: e.Tokenizer.VocabSize(), length: tokens}, tokens, fmt.Sprintf("%d tokens", tokens)}, nil
	}
	shaped, ok := e.Data.Inputs().(meta.Shaped)
	if !ok {
		return latencyInput{}, fmt.Errorf("time: nothing is known of the inputs")
	}
	shape := shaped.Shape()
	if len(shape) == 3 {
		return latencyInput{shaped, 0, fmt.Sprintf("an image of %d x %d pixels", shape[2], shape[1])}, nil
	}
	return latencyInput{shaped, 0, fmt.Sprintf("%v numbers", shape)}, nil
}

// measureLatency times forward passes of one example.
func measureLatency(s *tensor.Scope, b *Bundle, input latencyInput) (Latency, error) {
	times := make([]float64, 0, latencyRuns)
	for i := range latencyWarmup + latencyRuns {
		start := time.Now()
		err := s.Run(func(inner *tensor.Scope) error {
			x, err := b.Learner.EmbedAll(inner, input.inputs, meta.All(1))
			if err != nil {
				return err
			}
			_, err = x.Float32s()
			return err
		})
		if err != nil {
			return Latency{}, fmt.Errorf("measure latency: %w", err)
		}
		if i >= latencyWarmup {
			times = append(times, float64(time.Since(start).Microseconds())/1000)
		}
	}
	slices.Sort(times)
	engine := "libtorch " + tensor.Version() + " fp32"
	if b.Manifest.Quantization != "" {
		name, err := tensor.QuantizedEngine()
		if err != nil {
			return Latency{}, err
		}
		engine = "libtorch " + tensor.Version() + " int8 (" + name + ")"
	}
	return Latency{
		P50: times[len(times)/2], P95: times[len(times)*95/100],
		Batch: 1, Length: input.tokens, Input: input.what, Threads: tensor.Threads(), Engine: engine,
	}, nil
}

// lengthOnly is texts of some tokens: a time depends on their number alone.
type lengthOnly struct{ vocabulary, length int }

// Batch implements [meta.Inputs].
func (l lengthOnly) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	texts := make([][]int32, len(examples))
	for k := range texts {
		for i := range l.length {
			texts[k] = append(texts[k], int32((i+1)%l.vocabulary))
		}
	}
	return model.NewBatch(s, device, 0, texts)
}

// Length implements [meta.Inputs].
func (l lengthOnly) Length(int) int { return l.length }

// comparedEpisodes bounds the work of comparing two models.
const comparedEpisodes = 20

// compare runs two models over the same test episodes, each learning the
// tasks by itself.
func compare(s *tensor.Scope, a, b *meta.Learner, adapter meta.Adapter, data *meta.Data, episodes []meta.Episode) (distance, agreement float64, n int, err error) {
	same := 0
	for _, e := range episodes[:min(len(episodes), comparedEpisodes)] {
		x, err := queryLogits(s, a, adapter, data, e)
		if err != nil {
			return 0, 0, 0, err
		}
		y, err := queryLogits(s, b, adapter, data, e)
		if err != nil {
			return 0, 0, 0, err
		}
		for i := range x {
			distance = math.Max(distance, math.Abs(x[i]-y[i]))
		}
		for q := range e.Query.Inputs {
			if argmax(x[q*e.Outputs:(q+1)*e.Outputs]) == argmax(y[q*e.Outputs:(q+1)*e.Outputs]) {
				same++
			}
			n++
		}
	}
	return distance, float64(same) / float64(n), n, nil
}

// queryLogits returns the logits [queries, ways] of an episode, row by row.
func queryLogits(s *tensor.Scope, l *meta.Learner, adapter meta.Adapter, data *meta.Data, e meta.Episode) ([]float64, error) {
	var logits []float64
	err := s.Run(func(s *tensor.Scope) error {
		adapted, err := adapter.Adapt(s, l, data.Inputs(), e.Support, e.Outputs)
		if err != nil {
			return err
		}
		outputs, err := adapted.OutputAll(s, data.Inputs(), e.Query.Inputs)
		if err != nil {
			return err
		}
		logits, err = outputs.Float64s()
		return err
	})
	return logits, err
}

func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}

// gzipSize returns the size of a file after gzip, which shows what zeros are
// worth on disk.
func gzipSize(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var counter countingWriter
	z := gzip.NewWriter(&counter)
	if _, err := io.Copy(z, f); err != nil {
		return 0, fmt.Errorf("compress %s: %w", path, err)
	}
	if err := z.Close(); err != nil {
		return 0, fmt.Errorf("compress %s: %w", path, err)
	}
	return int64(counter), nil
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}

// nonzeroFloats counts the numbers of F32 data that are not 0.
func nonzeroFloats(data []byte) int64 {
	n := int64(0)
	for i := 0; i+4 <= len(data); i += 4 {
		if binary.LittleEndian.Uint32(data[i:])<<1 != 0 { // the first bit is the sign: -0 is 0
			n++
		}
	}
	return n
}

// Package tinymodel makes what tests of the trainer need: a BERT of a few
// thousand parameters with its tokenizer, and families of tasks in a made-up
// language that it can learn in a second.
package tinymodel

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
)

// The shape of the model.
const (
	Layers    = 2
	Hidden    = 16
	Heads     = 2
	Positions = 512
	wide      = 24 // of the feed-forward network
)

// The language: a class is a pair of topics. A few words of its texts come
// from its topics, the others are noise. What is learned, to look at topics
// and not at noise, holds for pairs that were never seen.
const (
	topics       = 8
	wordsOfTopic = 3
	noiseWords   = 30
	textWords    = 9
	topicWords   = 3 // of a text
)

func topicWord(topic, i int) string { return fmt.Sprintf("to%c%c", 'a'+rune(topic), 'a'+rune(i)) }
func noiseWord(i int) string {
	return fmt.Sprintf("no%c%c", 'a'+rune(i/6), 'a'+rune(i%6))
}

// Vocabulary returns the tokens by id.
func Vocabulary() []string {
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for t := range topics {
		for i := range wordsOfTopic {
			words = append(words, topicWord(t, i))
		}
	}
	for i := range noiseWords {
		words = append(words, noiseWord(i))
	}
	return words
}

// Folder writes the model as a Hugging Face folder and returns its path.
func Folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	Write(t, dir)
	return dir
}

// Write writes the model into dir; it is the same every time.
func Write(t testing.TB, dir string) {
	t.Helper()
	words := Vocabulary()
	config := map[string]any{
		"architectures": []string{"BertModel"}, "model_type": "bert", "hidden_size": Hidden,
		"num_hidden_layers": Layers, "num_attention_heads": Heads, "intermediate_size": wide,
		"hidden_act": "gelu", "max_position_embeddings": Positions, "type_vocab_size": 2,
		"vocab_size": len(words), "layer_norm_eps": 1e-12, "pad_token_id": 0,
	}
	encoded, err := json.MarshalIndent(config, "", "  ")
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "config.json"), encoded, 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte(strings.Join(words, "\n")+"\n"), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), []byte(`{"do_lower_case": true, "tokenizer_class": "BertTokenizer"}`), 0o644))
	check(t, hf.WriteSafetensors(filepath.Join(dir, hf.SafetensorsFile), weights(int64(len(words))), map[string]string{"format": "pt"}))
}

// weights draws a checkpoint, the pooler included, which the trainer passes
// through.
func weights(vocabulary int64) []hf.Blob {
	rng := rand.New(rand.NewPCG(1, 2))
	var blobs []hf.Blob
	add := func(name string, mean, deviation float64, shape ...int64) {
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(mean + deviation*rng.NormFloat64())
		}
		blobs = append(blobs, hf.Float32Blob(name, values, shape))
	}
	dense := func(name string, out, in int64) {
		add(name+".weight", 0, .2, out, in)
		add(name+".bias", 0, .02, out)
	}
	norm := func(name string) {
		add(name+".weight", 1, .02, Hidden)
		add(name+".bias", 0, .02, Hidden)
	}
	add("embeddings.word_embeddings.weight", 0, .5, vocabulary, Hidden)
	add("embeddings.position_embeddings.weight", 0, .1, Positions, Hidden)
	add("embeddings.token_type_embeddings.weight", 0, .1, 2, Hidden)
	norm("embeddings.LayerNorm")
	for i := range Layers {
		prefix := fmt.Sprintf("encoder.layer.%d.", i)
		for _, name := range []string{"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"} {
			dense(prefix+name, Hidden, Hidden)
		}
		norm(prefix + "attention.output.LayerNorm")
		dense(prefix+"intermediate.dense", wide, Hidden)
		dense(prefix+"output.dense", Hidden, wide)
		norm(prefix + "output.LayerNorm")
	}
	dense("pooler.dense", Hidden, Hidden)
	return blobs
}

// A Row is a line of a family's file.
type Row struct {
	Text  string `json:"text"`
	Label string `json:"label"`
	Task  string `json:"task,omitempty"`
}

// Rows returns texts of classes; with tasks > 0 the classes are dealt out to
// so many tasks. There are at most 28 classes.
func Rows(classes, perClass, tasks int) []Row {
	rng := rand.New(rand.NewPCG(3, 4))
	var pairs [][2]int
	for a := range topics {
		for b := range a {
			pairs = append(pairs, [2]int{b, a})
		}
	}
	rng.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	var rows []Row
	for c, pair := range pairs[:classes] {
		for range perClass {
			row := Row{Text: sentence(rng, pair), Label: fmt.Sprintf("class-%02d", c)}
			if tasks > 0 {
				row.Task = fmt.Sprintf("task-%d", c%tasks)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func sentence(rng *rand.Rand, pair [2]int) string {
	words := make([]string, textWords)
	for i := range words {
		words[i] = noiseWord(rng.IntN(noiseWords))
		if i < topicWords {
			words[i] = topicWord(pair[i%2], rng.IntN(wordsOfTopic))
		}
	}
	rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return strings.Join(words, " ")
}

// JSONL writes rows into a file of a temporary folder and returns its path.
func JSONL(t testing.TB, rows []Row) string {
	t.Helper()
	var b strings.Builder
	for _, row := range rows {
		line, err := json.Marshal(row)
		check(t, err)
		b.Write(append(line, '\n'))
	}
	path := filepath.Join(t.TempDir(), "tasks.jsonl")
	check(t, os.WriteFile(path, []byte(b.String()), 0o644))
	return path
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

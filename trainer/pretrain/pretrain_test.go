package pretrain

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// story returns lines in which every word tells the next: "w3 x3 y3 z3".
func story(lines int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range lines {
		for range 4 {
			topic := rng.IntN(6)
			for _, word := range []string{"wa", "xo", "yi", "zu"} {
				fmt.Fprintf(&b, "%s%c ", word, 'a'+rune(topic))
			}
		}
		b.WriteString("\r\n\n")
	}
	return b.String()
}

func write1(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func small(t *testing.T) Options {
	t.Helper()
	o := Defaults()
	o.Text, o.To = write1(t, "story.txt", story(120)), filepath.Join(t.TempDir(), "out")
	o.Vocabulary, o.Layers, o.Hidden, o.Heads, o.MaxLength = 64, 1, 16, 2, 32
	o.Steps, o.BatchSize, o.LearningRate, o.HeldOut, o.EvalEvery, o.Seed = 60, 8, 1e-2, 0.1, 20, 3
	return o
}

func weights(t *testing.T, dir string) map[string]string {
	t.Helper()
	blobs, _, err := hf.ReadSafetensors(filepath.Join(dir, hf.SafetensorsFile))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, b := range blobs {
		all[b.Name] = string(b.Data)
	}
	return all
}

// TestRun: the held-out loss falls below that of the frequencies, the folder
// is whole, and a run that was stopped and resumed gives the same bits.
func TestRun(t *testing.T) {
	o := small(t)
	var reports []map[string]float64
	o.Hooks.Report = func(_ int, m map[string]float64) { reports = append(reports, m) }
	result, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	// 24 words, equally frequent: ln 24 = 3.2 without looking at neighbours.
	if len(reports) != 3 || result.Loss > 2.8 || result.Loss >= reports[0]["val_loss"] {
		t.Errorf("reports %v, result %+v", reports, result)
	}
	if result.Perplexity != perplexity(result.Loss) || result.Steps != 60 {
		t.Errorf("result %+v", result)
	}
	if err := hf.CheckFolder(o.To); err != nil {
		t.Error(err)
	}
	if tokenizer, err := text.Load(o.To); err != nil || tokenizer.VocabSize() != result.Vocabulary {
		t.Errorf("tokenizer: %v", err)
	}
	if _, err := os.Stat(o.To + ".checkpoint"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkpoint stays: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(o.To))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}

	again := o
	again.To = filepath.Join(t.TempDir(), "again")
	for _, at := range []int{7, 20, 45} { // in a stretch, at a validation, late
		stopped := make(chan struct{})
		again.Stopped = stopped
		again.Hooks = Hooks{Progress: func(step, _ int) {
			if step == at {
				close(stopped)
			}
		}}
		if _, err := Run(again); !errors.Is(err, ErrStopped) {
			t.Fatalf("stopped at %d: %v", at, err)
		}
	}
	again.Stopped, again.Hooks = nil, Hooks{}
	resumed, err := Run(again)
	if err != nil {
		t.Fatal(err)
	}
	if resumed.Resumed != 45 || resumed.Loss != result.Loss || resumed.Step != result.Step {
		t.Errorf("resumed %+v, uninterrupted %+v", resumed, result)
	}
	if !maps.Equal(weights(t, o.To), weights(t, again.To)) {
		t.Error("the resumed training gave other weights")
	}
	other := o
	other.Seed, other.To = 4, filepath.Join(t.TempDir(), "other")
	if _, err := Run(other); err != nil {
		t.Fatal(err)
	}
	if maps.Equal(weights(t, o.To), weights(t, other.To)) {
		t.Error("another seed gave the same weights")
	}
}

// TestRun_otherOptions: a checkpoint is not taken up with other options or
// another text.
func TestRun_otherOptions(t *testing.T) {
	o := small(t)
	stopped := make(chan struct{})
	close(stopped)
	o.Stopped = stopped
	if _, err := Run(o); !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Options){
		fmt.Sprintf("--learning-rate was %v, and is 0.001 now", o.LearningRate):   func(o *Options) { o.LearningRate = 1e-3 },
		fmt.Sprintf("--steps was %v, and is %v now", o.Steps, o.Steps+2):          func(o *Options) { o.Steps += 2 },
		fmt.Sprintf("--batch-size was %v, and is %v now", o.BatchSize, 1):         func(o *Options) { o.BatchSize = 1 },
		"the texts, or the tokenizer, are not the same; run it as it was, or rem": func(o *Options) { o.Text = write1(t, "story.txt", story(110)) },
	} {
		changed := o
		change(&changed)
		if _, err := Run(changed); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "remove the folder") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	path := filepath.Join(o.To+".checkpoint", checkpointFile)
	if err := os.Truncate(path, 500); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(o); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove the folder") {
		t.Errorf("damaged: %v", err)
	}
}

func TestRun_badInput(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"heads":       {func(o *Options) { o.Heads = 3 }, "--hidden 16 is no multiple of the 3 --heads"},
		"not UTF-8":   {func(o *Options) { o.Text = write1(t, "a.txt", "fine\n\xff\n") }, "a.txt:2: not UTF-8"},
		"no JSON":     {func(o *Options) { o.Text = write1(t, "a.jsonl", "{\"text\": \"x\"}\nx\n") }, "a.jsonl:2: not a JSON object"},
		"no text":     {func(o *Options) { o.Text = write1(t, "a.jsonl", "{\"txt\": \"x\"}\n") }, `a.jsonl:1: the object has no "text"`},
		"empty":       {func(o *Options) { o.Text = write1(t, "a.txt", "\n \n") }, "hold no words"},
		"no file":     {func(o *Options) { o.Text = "nowhere.txt" }, "--text: there is no nowhere.txt: name a .txt or .jsonl file"},
		"no files":    {func(o *Options) { o.Text = full }, "holds no .txt or .jsonl file"},
		"target":      {func(o *Options) { o.To = full }, "is not empty"},
		"little text": {func(o *Options) { o.Text = write1(t, "a.txt", "one line only\n") }, "both need one"},
		"vocabulary": {func(o *Options) {
			o.Text = write1(t, "a.txt", "abcdefghijklmnopqrstuvwxyz bcdefghijklmnopqrstuvwxyza 0123456789 абвгдежзийклмнопрстуфхцчшщ\n")
		}, "ask for more"},
	} {
		o := small(t)
		c.change(&o)
		_, err := Run(o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", name, err, c.want)
		}
		if _, err := os.Stat(o.To); c.want != "is not empty" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %s was made", name, o.To)
		}
	}
}

// TestMask: 15 % of the tokens, of which 80 % are masked, 10 % random, 10 %
// kept; special tokens never.
func TestMask(t *testing.T) {
	t.Parallel()
	special := text.Special{Pad: 0, Unknown: 1, CLS: 2, SEP: 3, Mask: 4}
	m := masker{special: special}
	for id := int32(5); id < 1000; id++ {
		m.random = append(m.random, id)
	}
	block := []int32{2}
	for i := range int32(126) {
		block = append(block, 5+i)
	}
	block = append(block, 3)
	var guessed, hidden, kept int
	const rounds = 2000
	for i := range uint64(rounds) {
		out := m.mask(generator(1, maskStream, i), block)
		for j, at := range out.places {
			if out.truth[j] != block[at] || j > 0 && at <= out.places[j-1] || at == 0 || at == len(block)-1 {
				t.Fatalf("place %d of %v, truth %d", at, out.places, out.truth[j])
			}
			guessed++
			switch out.ids[at] {
			case special.Mask:
				hidden++
			case block[at]:
				kept++
			}
		}
		for i := range block {
			if !slices.Contains(out.places, i) && out.ids[i] != block[i] {
				t.Fatalf("token %d changed, which is not guessed", i)
			}
		}
	}
	if guessed != 19*rounds { // 15 % of 126
		t.Errorf("%d guessed, want %d", guessed, 19*rounds)
	}
	// Five standard deviations of a binomial are about 0.01 here.
	if share := float64(hidden) / float64(guessed); share < 0.79 || share > 0.81 {
		t.Errorf("%.3f were masked", share)
	}
	if share := float64(kept) / float64(guessed); share < 0.09 || share > 0.11 {
		t.Errorf("%.3f were kept", share)
	}
	if one := m.mask(generator(1, maskStream, 0), []int32{2, 9, 3}); len(one.places) != 1 {
		t.Errorf("of one token %d are guessed", len(one.places))
	}
}

func TestPacker(t *testing.T) {
	t.Parallel()
	p := packer{special: text.Special{CLS: 2, SEP: 3}, length: 16}
	long := make([]int32, 30)
	for i := range long {
		long[i] = int32(10 + i)
	}
	p.add([]int32{5, 6})
	p.add(long)
	p.add([]int32{7})
	blocks := p.blocks()
	var tokens []int32
	for _, b := range blocks {
		if len(b) > 16 || b[0] != 2 || b[len(b)-1] != 3 {
			t.Errorf("block %v", b)
		}
		for _, id := range b {
			if id > 3 {
				tokens = append(tokens, id)
			}
		}
	}
	if want := slices.Concat([]int32{5, 6}, long, []int32{7}); !slices.Equal(tokens, want) {
		t.Errorf("tokens %v, want %v", tokens, want)
	}
	if len(blocks) != 3 || len(blocks[0]) != 16 || len(blocks[1]) != 16 {
		t.Errorf("blocks %v", blocks)
	}
}

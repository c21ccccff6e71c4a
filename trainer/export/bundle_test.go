package export

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// TestReloadIsEqual changes a model as training does, writes it and loads it
// again: the vectors are those of the model in memory, to the last bit.
func TestReloadIsEqual(t *testing.T) {
	from, to := tinymodel.Folder(t), t.TempDir()
	tokenizer, err := text.Load(from)
	if err != nil {
		t.Fatal(err)
	}
	err = tensor.Do(func(s *tensor.Scope) error {
		config := &setting.Config{Model: setting.Model{Path: from}, Tasks: setting.Tasks{Type: setting.Classification}, Algorithm: "protonet", Pooling: "cls", MaxLength: 16}
		learner, err := meta.LoadLearner(s, meta.Blueprint{Config: config, Tokenizer: tokenizer, Seed: 1, Device: tensor.CPU})
		if err != nil {
			return err
		}
		tensor.Seed(1)
		for _, p := range append(slices.Clone(learner.Network.Params()), learner.Projection.Params()...) {
			noise := s.MulScalar(s.Randn(tensor.Float32, tensor.CPU, p.Tensor.Shape()...), 0.1)
			s.Copy(p.Tensor, s.Add(s.Detach(p.Tensor), noise))
		}
		b := &Bundle{Tokenizer: tokenizer, Learner: learner, Manifest: Manifest{
			Format: manifestFormat, Algorithm: "protonet", Pooling: learner.Encoder().Pooling, MaxLength: 16, Projection: true,
		}}
		blobs, err := model.Blobs(learner.Network.Params())
		if err != nil {
			return err
		}
		if err := b.save(to, from, blobs); err != nil {
			return err
		}
		again, err := Load(s, to, tensor.CPU)
		if err != nil {
			return err
		}
		if again.Manifest.Pooling != model.CLSPooling || !again.Manifest.Projection || again.Manifest.MaxLength != 16 {
			t.Errorf("manifest %+v", again.Manifest)
		}
		corpus := meta.NewCorpus(tokenizer, []string{"toaa noab tobb", "nobb"}, 16)
		var vectors [][]float64
		for _, l := range []*meta.Learner{learner, again.Learner} {
			x, err := l.EmbedAll(s, corpus, meta.All(2))
			if err != nil {
				return err
			}
			v, err := x.Float64s()
			if err != nil {
				return err
			}
			vectors = append(vectors, v)
		}
		if !slices.Equal(vectors[0], vectors[1]) {
			t.Errorf("in memory %v, reloaded %v", vectors[0], vectors[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The files that were not changed are the same bytes.
	for _, name := range []string{"vocab.txt", "tokenizer_config.json"} {
		a, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(to, name)); err != nil || !slices.Equal(a, b) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}

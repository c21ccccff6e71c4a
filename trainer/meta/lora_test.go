package meta

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/freeze"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// equalTexts are texts of one length, so that no mask of another type stands
// beside float64.
type equalTexts [][]int32

func (x equalTexts) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	texts := make([][]int32, len(examples))
	for i, e := range examples {
		texts[i] = x[e]
	}
	return model.NewBatch(s, device, 0, texts)
}

func (x equalTexts) Length(int) int { return len(x[0]) }

// A doubleLoRA is a learner of texts in float64, two tasks for it, and its parts.
type doubleLoRA struct {
	learner *Learner
	base    *model.Encoder
	lora    *model.LoRA
	inputs  equalTexts
	tasks   []Episode
}

const loraRank, loraAlpha = 2, 3.0

// newDoubleLoRA makes an encoder whose matrices alone, and a head, are trained.
func newDoubleLoRA(t *testing.T, s *tensor.Scope) *doubleLoRA {
	t.Helper()
	bert, err := model.Load(s, tinymodel.Folder(t), tensor.CPU)
	if err != nil {
		t.Fatal(err)
	}
	tensor.Seed(1)
	random := func(scale float64, shape ...int64) *tensor.Tensor {
		return s.Cast(s.MulScalar(s.Randn(tensor.Float32, tensor.CPU, shape...), scale), tensor.Float64)
	}
	doubles := func(params []model.Param) (tensors []*tensor.Tensor) {
		for _, p := range params {
			tensors = append(tensors, s.Cast(p.Tensor, tensor.Float64))
		}
		return tensors
	}
	encoder := &model.Encoder{Bert: bert, Pooling: model.MeanPooling}
	shape := model.NewLoRA(s, encoder, loraRank, loraAlpha)
	tensors := doubles(encoder.Params())
	for _, p := range shape.Added() { // B of new matrices is 0, and A would have no gradient
		tensors = append(tensors, random(0.4, p.Tensor.Shape()...))
	}
	lora, _ := model.AsLoRA(shape.With(tensors))
	d := &doubleLoRA{lora: lora, base: model.Base(lora).(*model.Encoder)}
	d.learner = &Learner{Network: lora, Type: setting.Classification, Head: Head{random(0.5, 2, tinymodel.Hidden), random(0.5, 2)}}
	for _, p := range d.trained() {
		s.SetRequiresGrad(p.Tensor, true)
	}
	for k := range 2 {
		set := func() (e Examples) {
			for i := range 4 {
				n := int32(len(d.inputs))
				d.inputs = append(d.inputs, []int32{2, 5 + n, 9 + 2*n, 30 - n, 3})
				e.Inputs, e.Labels = append(e.Inputs, int(n)), append(e.Labels, int64((i+k)%2))
			}
			return e
		}
		d.tasks = append(d.tasks, Episode{Outputs: 2, Support: set(), Query: set()})
	}
	return d
}

func (d *doubleLoRA) trained() []model.Param {
	return append(slices.Clone(d.lora.Added()), d.learner.Head.Params()...)
}

func (d *doubleLoRA) setup() Setup {
	return Setup{Config: &setting.Config{}, Learner: d.learner, Data: &Data{inputs: d.inputs}}
}

// grad returns the gradient of a parameter and forgets it.
func grad(t *testing.T, s *tensor.Scope, p model.Param) []float64 {
	t.Helper()
	values, err := s.Grad(p.Tensor).Float64s()
	if err != nil {
		t.Fatal(p.Name, err)
	}
	s.ZeroGrad([]*tensor.Tensor{p.Tensor})
	return values
}

// TestLoRASecondOrder checks MAML's gradient through an inner loop that adapts
// LoRA's matrices: along one direction in each of them against the difference of
// the outer loss, in float64.
func TestLoRASecondOrder(t *testing.T) {
	const h, tolerance = 1e-6, 1e-7
	err := tensor.Do(func(s *tensor.Scope) error {
		d := newDoubleLoRA(t, s)
		m := &maml{Setup: d.setup(), order: secondOrder, loop: InnerLoop{Rate: 0.3, Steps: 2, Freeze: setting.InnerSame}}
		loss := func(s *tensor.Scope) *tensor.Tensor {
			l, err := m.loss(s, d.tasks[:1])
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		value := func() float64 {
			inner := s.Child()
			v, err := loss(inner).Item()
			if err != nil {
				t.Fatal(err)
			}
			if err := inner.Close(); err != nil {
				t.Fatal(err)
			}
			return v
		}
		gradients := func(o order) (all [][]float64) {
			m.order = o
			defer func() { m.order = secondOrder }()
			s.Backward(loss(s))
			for _, p := range d.trained() {
				all = append(all, grad(t, s, p))
			}
			return all
		}
		first, second := gradients(firstOrder), gradients(secondOrder)
		largest, apart := 0.0, 0.0
		for k, p := range d.trained() {
			at, err := p.Tensor.Float64s()
			if err != nil {
				return err
			}
			slope, along := 0.0, make([]float64, len(at))
			for i, g := range second[k] {
				along[i] = math.Sin(float64(3*i + k + 1))
				slope += g * along[i]
				largest, apart = math.Max(largest, math.Abs(g)), math.Max(apart, math.Abs(g-first[k][i]))
			}
			move := func(by float64) float64 {
				moved := slices.Clone(at)
				for i := range moved {
					moved[i] += by * along[i]
				}
				s.Copy(p.Tensor, s.FromFloat64(moved, p.Tensor.Shape()...))
				return value()
			}
			difference := (move(h) - move(-h)) / (2 * h)
			move(0)
			if math.Abs(slope-difference) > tolerance {
				t.Errorf("%s: %.9g along a direction, the loss differs by %.9g", p.Name, slope, difference)
			}
		}
		if largest < 1e-3 || apart < 1e-4 {
			t.Errorf("the largest derivative is %g, and first-order ones differ by %g: nothing was compared", largest, apart)
		}
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLoRAReptile holds Reptile's gradient against one computed without LoRA's
// code: the base gets W + c B A for each W, and the gradient G of the loss by that
// sum moves B by c G Aᵀ and A by c Bᵀ G.
func TestLoRAReptile(t *testing.T) {
	const rate, steps, c = 0.3, 3, loraAlpha / loraRank
	err := tensor.Do(func(s *tensor.Scope) error {
		d := newDoubleLoRA(t, s)
		r := &reptile{Setup: d.setup(), loop: InnerLoop{Rate: rate, Steps: steps, Freeze: setting.InnerSame}}
		all := concat(d.tasks[0].Support, d.tasks[0].Query)
		reached, err := r.loop.run(s, d.learner, d.inputs, []Examples{all}, 2, plain, model.Mode{})
		if err != nil {
			return err
		}
		s.Backward(r.pull(s, reached))

		matrices, base := d.base.QueryValue(), d.base.Params()
		now := make([]*tensor.Tensor, 0, len(d.trained()))
		for _, p := range d.trained() {
			now = append(now, s.Clone(p.Tensor))
		}
		head := now[2*len(matrices):]
		for range steps {
			tensors := make([]*tensor.Tensor, len(base))
			for i, p := range base {
				tensors[i] = p.Tensor
			}
			var leaves []*tensor.Tensor
			leaf := func(x *tensor.Tensor) *tensor.Tensor {
				x = s.Clone(x)
				s.SetRequiresGrad(x, true)
				leaves = append(leaves, x)
				return x
			}
			for i, m := range matrices {
				tensors[m.Param] = leaf(s.Add(base[m.Param].Tensor, s.MulScalar(s.MatMul(now[2*i+1], now[2*i]), c)))
			}
			l := &Learner{Network: d.base.With(tensors), Type: setting.Classification, Head: Head{leaf(head[0]), leaf(head[1])}}
			gradients := s.Gradients(l.Loss(s, d.inputs, all, model.Mode{}), leaves, false)
			step := func(x, g *tensor.Tensor) *tensor.Tensor { return s.Sub(x, s.MulScalar(g, rate)) }
			for i := range matrices {
				a, b, g := now[2*i], now[2*i+1], s.MulScalar(gradients[i], c)
				now[2*i], now[2*i+1] = step(a, s.MatMul(s.Transpose(b, 0, 1), g)), step(b, s.MatMul(g, s.Transpose(a, 0, 1)))
			}
			for i := range head {
				head[i] = step(head[i], gradients[len(matrices)+i])
			}
		}
		for k, p := range d.trained() {
			want, err := s.Sub(p.Tensor, now[k]).Float64s()
			if err != nil {
				return err
			}
			largest := 0.0
			for i, g := range grad(t, s, p) {
				largest = math.Max(largest, math.Abs(g))
				if math.Abs(g-want[i]) > 1e-12 {
					t.Errorf("%s[%d]: gradient %g, by hand %g", p.Name, i, g, want[i])
				}
			}
			if largest < 1e-4 {
				t.Errorf("%s hardly moved: %g", p.Name, largest)
			}
		}
		for _, p := range base {
			if p.Tensor.RequiresGrad() {
				t.Errorf("%s is trained", p.Name)
			}
		}
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLoRALearnsAsMerged trains with inner loops that adapt LoRA's matrices. The
// model is measured afterwards as it was validated, to the last bit; with the
// products merged into its weights, as it is exported, tasks are learned from it
// to the same answers.
func TestLoRALearnsAsMerged(t *testing.T) {
	b := newBench(t)
	for _, algorithm := range []string{"maml", "fomaml", "reptile"} {
		t.Run(algorithm, func(t *testing.T) {
			changes := map[string]any{
				"algorithm": algorithm, "freeze": "lora-2", "inner_freeze": "same", "inner_lr": 0.2, "adaptation_steps": 2,
				"learning_rate": 3e-2, "dropout": 0, "iterations": 12, "eval_every": 6, "warmup_ratio": 0,
			}
			err := b.with(t, changes, 3, func(x *fixture) error {
				episodes, err := x.data.Episodes(task.Validation)
				if err != nil {
					return err
				}
				adapter := x.algorithm.Adapter()
				before, err := Evaluate(x.s, adapter, x.learner, x.data.Inputs(), episodes)
				if err != nil {
					return err
				}
				outcome, err := Train(x.s, x.algorithm, x.learner, x.data, Options{Config: x.config, Seed: 3})
				if err != nil {
					return err
				}
				after, err := Evaluate(x.s, adapter, x.learner, x.data.Inputs(), episodes)
				if err != nil {
					return err
				}
				if after.Loss != outcome.Value || after.Loss >= before.Loss {
					t.Errorf("loss %v before, %v in validation, %v after", before.Loss, outcome.Value, after.Loss)
				}
				merged := mergedAsExported(t, x)
				for i, e := range episodes {
					want, got := answers(t, x, adapter, x.learner, e), answers(t, x, adapter, merged, e)
					for k := range want {
						if math.Abs(want[k]-got[k]) > 1e-5 {
							t.Fatalf("episode %d: logit %d is %v from merged weights, %v beside them", i, k, got[k], want[k])
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// mergedAsExported returns the learner on weights that have the products of
// LoRA's matrices, which went through a file.
func mergedAsExported(t *testing.T, x *fixture) *Learner {
	t.Helper()
	lora, ok := model.AsLoRA(x.learner.Network)
	if !ok {
		t.Fatalf("the matrices are gone: a %T", x.learner.Network)
	}
	path := filepath.Join(t.TempDir(), LoRAFile)
	if err := lora.Save(path); err != nil {
		t.Fatal(err)
	}
	base := copied(x.s, model.Merged(x.s, lora))
	again := freeze.AddLoRA(x.s, base, x.config)
	if err := again.Load(x.s, path); err != nil {
		t.Fatal(err)
	}
	for _, p := range again.Added() {
		x.s.SetRequiresGrad(p.Tensor, true)
	}
	merged := *x.learner
	merged.Network = again.Network()
	return &merged
}

// answers returns the logits of an episode's queries, once it was learned.
func answers(t *testing.T, x *fixture, adapter Adapter, l *Learner, e Episode) []float64 {
	t.Helper()
	adapted, err := adapter.Adapt(x.s, l, x.data.Inputs(), e.Support, e.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	y, err := adapted.OutputAll(x.s, x.data.Inputs(), e.Query.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	values, err := y.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

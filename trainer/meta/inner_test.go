package meta

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// vectors64 are inputs in float64, in which derivatives can be checked.
type vectors64 [][]float64

func (x vectors64) Batch(s *tensor.Scope, _ tensor.Device, examples []int) (model.Batch, error) {
	var rows []float64
	for _, e := range examples {
		rows = append(rows, x[e]...)
	}
	return model.Batch{Values: s.FromFloat64(rows, int64(len(examples)), int64(len(x[0])))}, s.Err()
}

func (x vectors64) Length(int) int { return 1 }

// A double is a learner in float64 with tasks for it.
type double struct {
	learner *Learner
	inputs  vectors64
	tasks   []Episode
}

// newDouble makes a perceptron of two layers, and tasks of 4 support and 3
// query examples.
func newDouble(s *tensor.Scope, kind setting.TaskType, outputs, tasks int) *double {
	rng := rand.New(rand.NewPCG(5, uint64(outputs)))
	random := func(shape ...int64) *tensor.Tensor {
		n := int64(1)
		for _, side := range shape {
			n *= side
		}
		values := make([]float64, n)
		for i := range values {
			values[i] = rng.NormFloat64() / 2
		}
		t := s.FromFloat64(values, shape...)
		s.SetRequiresGrad(t, true)
		return t
	}
	mlp := model.NewMLP(s, 2, []int64{5, 4}, 1, tensor.CPU)
	network := mlp.With([]*tensor.Tensor{random(5, 2), random(5), random(4, 5), random(4)})
	d := &double{learner: &Learner{Network: network, Type: kind, Head: Head{random(int64(outputs), 4), random(int64(outputs))}}}
	for k := range tasks {
		set := func(n int) (e Examples) {
			for i := range n {
				d.inputs = append(d.inputs, []float64{rng.NormFloat64(), rng.NormFloat64()})
				e.Inputs = append(e.Inputs, len(d.inputs)-1)
				if kind == setting.Classification {
					e.Labels = append(e.Labels, int64((i+k)%outputs))
				} else {
					e.Targets = append(e.Targets, float32(rng.NormFloat64()))
				}
			}
			return e
		}
		d.tasks = append(d.tasks, Episode{Outputs: outputs, Support: set(4), Query: set(3)})
	}
	return d
}

func (d *double) maml(o order, steps int, frozen setting.InnerFreeze) *maml {
	return &maml{
		Setup: Setup{Config: &setting.Config{}, Learner: d.learner, Data: &Data{inputs: d.inputs}},
		loop:  InnerLoop{Rate: 0.3, Steps: steps, Freeze: frozen}, order: o,
	}
}

func (d *double) params() []model.Param {
	return append(append([]model.Param(nil), d.learner.Network.Params()...), d.learner.Head.Params()...)
}

// gradients returns those of the mean loss of all tasks, learned in groups.
func (d *double) gradients(t *testing.T, s *tensor.Scope, m *maml, group int) (all [][]float64) {
	t.Helper()
	for first := 0; first < len(d.tasks); first += group {
		loss, err := m.loss(s, d.tasks[first:first+group])
		if err != nil {
			t.Fatal(err)
		}
		s.Backward(s.MulScalar(loss, float64(group)/float64(len(d.tasks))))
	}
	for _, p := range d.params() {
		values, err := s.Grad(p.Tensor).Float64s()
		if err != nil {
			t.Fatal(p.Name, err)
		}
		all = append(all, values)
		s.ZeroGrad([]*tensor.Tensor{p.Tensor})
	}
	return all
}

// TestSecondOrder checks the gradient through the inner loop against
// differences of the outer loss, in float64.
func TestSecondOrder(t *testing.T) {
	for name, c := range map[string]struct {
		kind    setting.TaskType
		outputs int
		freeze  setting.InnerFreeze
		steps   int
		earlier float64
	}{
		"regression":                {setting.Regression, 1, setting.InnerSame, 1, 0},
		"regression, 3 steps":       {setting.Regression, 1, setting.InnerNone, 3, 0},
		"regression, each of 3":     {setting.Regression, 1, setting.InnerNone, 3, 2},
		"classification":            {setting.Classification, 3, setting.InnerSame, 2, 0},
		"classification, each of 2": {setting.Classification, 3, setting.InnerSame, 2, 0.5},
		"anil":                      {setting.Classification, 3, setting.InnerHead, 2, 0},
		"anil, each of 2":           {setting.Classification, 3, setting.InnerHead, 2, 1},
		"anil, regression":          {setting.Regression, 1, setting.InnerHead, 3, 0},
		"no step":                   {setting.Regression, 1, setting.InnerSame, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := tensor.Do(func(s *tensor.Scope) error {
				d := newDouble(s, c.kind, c.outputs, 2)
				m := d.maml(secondOrder, c.steps, c.freeze)
				m.Config.MultiStepLoss = c.earlier
				together, apart := d.gradients(t, s, m, 2), d.gradients(t, s, m, 1)
				compareGradients(t, "one by one and together", d, apart, together, 1e-12)
				compareGradients(t, "differences", d, together, d.differences(t, s, m), 1e-6)
				return s.Err()
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestANILOfTexts: an inner loop on the head alone needs no network that is
// differentiated twice, and the gradient is that of one that is.
func TestANILOfTexts(t *testing.T) {
	b := newBench(t)
	changes := map[string]any{"algorithm": "anil", "dropout": 0, "inner_lr": 0.5, "adaptation_steps": 3, "meta_batch_size": 2}
	err := b.with(t, changes, 3, func(x *fixture) error {
		params := append(x.network.Params(), x.algorithm.Params()...)
		for _, p := range params {
			x.s.SetRequiresGrad(p.Tensor, true)
		}
		gradients := func(twice bool) (all []float64) {
			err := x.s.Run(func(s *tensor.Scope) error {
				if twice {
					s.DifferentiateTwice()
				}
				if _, err := x.algorithm.Step(s, 0); err != nil {
					return err
				}
				for _, p := range params {
					g := s.Grad(p.Tensor)
					if g == nil {
						t.Fatalf("%s has no gradient", p.Name)
					}
					values, err := g.Float64s()
					if err != nil {
						return err
					}
					all = append(all, values...)
					s.ZeroGrad([]*tensor.Tensor{p.Tensor})
				}
				return s.Err()
			})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		once, twice := gradients(false), gradients(true)
		for i := range twice {
			if math.Abs(once[i]-twice[i]) > 1e-5*(1+math.Abs(twice[i])) {
				t.Fatalf("number %d: %g, by a network that is differentiable twice %g", i, once[i], twice[i])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestStepWeights: what the losses after each step count.
func TestStepWeights(t *testing.T) {
	for _, c := range []struct {
		earlier float64
		want    []float64
	}{
		{0, []float64{1}},
		{0, []float64{0, 0, 1}},
		{1, []float64{0.25, 0.25, 0.25, 0.25}},
		{0.5, []float64{1. / 7, 2. / 7, 4. / 7}},
		{3, []float64{0.75, 0.25}},
	} {
		got := stepWeights(c.earlier, len(c.want))
		for k := range got {
			if math.Abs(got[k]-c.want[k]) > 1e-15 {
				t.Errorf("earlier %g: %v, want %v", c.earlier, got, c.want)
				break
			}
		}
	}
	for _, earlier := range []float64{1e-300, 100} {
		total := 0.0
		for _, w := range stepWeights(earlier, 10000) {
			total += w
		}
		if math.Abs(total-1) > 1e-12 {
			t.Errorf("earlier %g: 10000 weights are %g in total, want 1", earlier, total)
		}
	}
}

// TestMultiStepLoss: the loss of each step counts as its weight says.
func TestMultiStepLoss(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		d := newDouble(s, setting.Regression, 1, 2)
		value := func(steps int, earlier float64) float64 {
			m := d.maml(secondOrder, steps, setting.InnerSame)
			m.Config.MultiStepLoss = earlier
			loss, err := m.loss(s, d.tasks)
			if err != nil {
				t.Fatal(err)
			}
			v, err := loss.Item()
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		want := (4*value(1, 0) + 2*value(2, 0) + value(3, 0)) / 7
		if got := value(3, 2); math.Abs(got-want) > 1e-12 {
			t.Errorf("after 3 steps %g, want %g of the losses after 1, 2 and 3", got, want)
		}
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// differences estimates the gradients by central differences.
func (d *double) differences(t *testing.T, s *tensor.Scope, m *maml) (all [][]float64) {
	t.Helper()
	const h = 1e-6
	at := func(p *tensor.Tensor, values []float64, i int, v float64) float64 {
		moved := append([]float64(nil), values...)
		moved[i] = v
		s.Copy(p, s.FromFloat64(moved, p.Shape()...))
		total := 0.0
		for k := range d.tasks {
			loss, err := m.loss(s, d.tasks[k:k+1])
			if err != nil {
				t.Fatal(err)
			}
			value, err := loss.Item()
			if err != nil {
				t.Fatal(err)
			}
			total += value / float64(len(d.tasks))
		}
		return total
	}
	for _, p := range d.params() {
		values, err := p.Tensor.Float64s()
		if err != nil {
			t.Fatal(err)
		}
		slopes := make([]float64, len(values))
		for i, v := range values {
			slopes[i] = (at(p.Tensor, values, i, v+h) - at(p.Tensor, values, i, v-h)) / (2 * h)
		}
		at(p.Tensor, values, 0, values[0])
		all = append(all, slopes)
	}
	return all
}

func compareGradients(t *testing.T, what string, d *double, got, want [][]float64, tolerance float64) {
	t.Helper()
	largest := 0.0
	for k, p := range d.params() {
		for i, v := range got[k] {
			largest = math.Max(largest, math.Abs(v))
			if !(math.Abs(v-want[k][i]) <= tolerance) {
				t.Errorf("%s: %s[%d]: %g and %g", what, p.Name, i, v, want[k][i])
			}
		}
	}
	if largest < 1e-3 {
		t.Errorf("%s: the largest derivative is %g: nothing was compared", what, largest)
	}
}

// TestFirstOrder: the gradient of first-order MAML is that of the query loss at
// the adapted weights, and differs from MAML's.
func TestFirstOrder(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		d := newDouble(s, setting.Classification, 3, 2)
		got := d.gradients(t, s, d.maml(firstOrder, 3, setting.InnerSame), 2)
		want := make([][]float64, len(got))
		for _, task := range d.tasks {
			loop := &InnerLoop{Rate: 0.3, Steps: 3, Freeze: setting.InnerSame}
			adapted, err := loop.Adapt(s, d.learner, d.inputs, task.Support, 3)
			if err != nil {
				return err
			}
			at := &double{learner: adapted}
			loss := adapted.Loss(s, d.inputs, task.Query, model.Mode{})
			var leaves []*tensor.Tensor
			for _, p := range at.params() {
				leaves = append(leaves, p.Tensor)
			}
			for k, g := range s.Gradients(loss, leaves, false) {
				values, err := g.Float64s()
				if err != nil {
					return err
				}
				if want[k] == nil {
					want[k] = make([]float64, len(values))
				}
				for i, v := range values {
					want[k][i] += v / float64(len(d.tasks))
				}
			}
		}
		compareGradients(t, "at the adapted weights", d, got, want, 1e-12)
		second := d.gradients(t, s, d.maml(secondOrder, 3, setting.InnerSame), 2)
		if math.Abs(second[0][0]-got[0][0]) < 1e-4 {
			t.Errorf("first and second order agree: %g and %g", got[0][0], second[0][0])
		}
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestInnerFreeze: what an inner loop leaves alone is the learner's own tensor.
func TestInnerFreeze(t *testing.T) {
	for _, c := range []struct {
		freeze setting.InnerFreeze
		kept   []bool // of layers.0.weight, …, layers.1.bias
	}{
		{setting.InnerNone, []bool{false, false, false, false}},
		{setting.InnerSame, []bool{true, true, false, false}},
		{setting.InnerHead, []bool{true, true, true, true}},
	} {
		err := tensor.Do(func(s *tensor.Scope) error {
			d := newDouble(s, setting.Regression, 1, 1)
			for _, p := range d.learner.Network.Params()[:2] {
				s.SetRequiresGrad(p.Tensor, false)
			}
			for _, o := range []order{plain, firstOrder, secondOrder} {
				loop := &InnerLoop{Rate: 0.3, Steps: 2, Freeze: c.freeze}
				adapted, err := loop.learn(s, d.learner, d.inputs, supports(d.tasks), 1, o, model.Mode{})
				if err != nil {
					return err
				}
				for i, p := range d.learner.Network.Params() {
					before, err := p.Tensor.Float64s()
					if err != nil {
						return err
					}
					after, err := adapted.Network.Params()[i].Tensor.Float64s()
					if err != nil {
						return err
					}
					if same := sameFloats(before, after); same != c.kept[i] {
						t.Errorf("inner_freeze %s, order %d: %s unchanged %v, want %v", c.freeze, o, p.Name, same, c.kept[i])
					}
				}
			}
			return s.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func sameFloats(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// bare is a network without parameters that gives back its inputs.
type bare struct{ width int64 }

func (b bare) Forward(_ *tensor.Scope, in model.Batch, _ model.Mode) *tensor.Tensor { return in.Values }
func (b bare) Features() int64                                                      { return b.width }
func (b bare) Params() []model.Param                                                { return nil }
func (b bare) Blocks() [][]model.Param                                              { return [][]model.Param{nil} }
func (b bare) With([]*tensor.Tensor) model.Network                                  { return b }
func (b bare) Device() tensor.Device                                                { return tensor.CPU }

// TestReptile holds a step against one computed by hand: a line through
// points, two inner steps of half of a task's examples each.
func TestReptile(t *testing.T) {
	const rate, w0, b0 = 0.1, 0.5, -0.25
	err := tensor.Do(func(s *tensor.Scope) error {
		inputs := vectors64{{1}, {2}, {-1}, {0.5}, {3}, {-2}, {1.5}, {0}}
		targets := []float32{2, 3.5, -1, 1, 5, -3, 4, 0.5}
		episode := func(of ...int) (e Episode) {
			e.Outputs = 1
			for i, x := range of {
				to := &e.Support
				if i%2 == 1 {
					to = &e.Query
				}
				to.Inputs, to.Targets = append(to.Inputs, x), append(to.Targets, targets[x])
			}
			return e
		}
		weight, bias := s.FromFloat64([]float64{w0}, 1, 1), s.FromFloat64([]float64{b0})
		s.SetRequiresGrad(weight, true)
		s.SetRequiresGrad(bias, true)
		learner := &Learner{Network: bare{1}, Type: setting.Regression, Head: Head{weight, bias}}
		tasks := []Episode{episode(0, 1, 2, 3), episode(4, 5, 6, 7)}
		r := &reptile{Setup: Setup{Config: &setting.Config{}, Learner: learner, Data: &Data{inputs: inputs}},
			loop: InnerLoop{Rate: rate, Steps: 2, batch: 2, seed: 3}}

		var wantW, wantB, wantLoss float64
		for _, task := range tasks {
			all := concat(task.Support, task.Query)
			w, b := w0, b0
			for step := range 2 {
				var gw, gb, loss float64
				for _, i := range batchOf(3, step, 2, 4, nil) {
					x, y := inputs[all.Inputs[i]][0], float64(all.Targets[i])
					d := w*x + b - y
					gw, gb, loss = gw+d*x, gb+d, loss+d*d/2 // mean over 2 of the squares
				}
				w, b = w-rate*gw, b-rate*gb
				if step == 1 {
					wantLoss += loss / 2
				}
			}
			wantW, wantB = wantW+(w0-w)/2, wantB+(b0-b)/2
		}
		for _, group := range []int{1, 2} {
			var loss float64
			for first := 0; first < 2; first += group {
				sets := []Examples{}
				for _, task := range tasks[first : first+group] {
					sets = append(sets, concat(task.Support, task.Query))
				}
				reached, err := r.loop.run(s, learner, inputs, sets, 1, plain, model.Mode{})
				if err != nil {
					return err
				}
				pull := s.MulScalar(r.pull(s, reached), float64(group)/2)
				s.Backward(pull)
				v, err := pull.Item()
				if err != nil {
					return err
				}
				loss += v
			}
			gotW, err := s.Grad(weight).Item()
			if err != nil {
				return err
			}
			gotB, err := s.Grad(bias).Item()
			if err != nil {
				return err
			}
			if math.Abs(gotW-wantW) > 1e-12 || math.Abs(gotB-wantB) > 1e-12 || math.Abs(loss-wantLoss) > 1e-12 {
				t.Errorf("groups of %d: gradient %g, %g and loss %g; by hand %g, %g and %g", group, gotW, gotB, loss, wantW, wantB, wantLoss)
			}
			s.ZeroGrad([]*tensor.Tensor{weight, bias})
		}
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBatchOf: every example has its turn before any comes again.
func TestBatchOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ size, n int }{{2, 6}, {4, 10}, {3, 3}, {0, 5}, {9, 5}, {1, 4}} {
		step := 0
		for range 3 {
			seen := make(map[int]int)
			for total := 0; total < c.n; step++ {
				batch := batchOf(7, step, c.size, c.n, nil)
				if len(batch) == 0 {
					t.Fatalf("%+v: step %d takes nothing", c, step)
				}
				for _, i := range batch {
					seen[i]++
				}
				total += len(batch)
			}
			if len(seen) != c.n {
				t.Errorf("%+v: a pass saw %d examples", c, len(seen))
			}
		}
	}
	if a, b := batchOf(1, 0, 5, 100, nil), batchOf(2, 0, 5, 100, nil); a[0] == b[0] && a[1] == b[1] && a[2] == b[2] {
		t.Error("another seed draws the same")
	}
}

// TestChunksAreTheWhole: gradients of many examples are computed in parts.
func TestChunksAreTheWhole(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		d := newDouble(s, setting.Regression, 1, 1)
		var e Examples
		for i := range 3*evalBatch + 5 {
			e.Inputs, e.Targets = append(e.Inputs, i%len(d.inputs)), append(e.Targets, float32(i%7))
		}
		loop := &InnerLoop{Rate: 0.01, Steps: 3, Freeze: setting.InnerSame}
		parts, err := loop.Adapt(s, d.learner, d.inputs, e, 1)
		if err != nil {
			return err
		}
		whole, err := loop.learn(s, d.learner, d.inputs, []Examples{e}, 1, firstOrder, model.Mode{})
		if err != nil {
			return err
		}
		for i, p := range whole.Network.Params() {
			a, err := p.Tensor.Float64s()
			if err != nil {
				return err
			}
			b, err := parts.Network.Params()[i].Tensor.Float64s()
			if err != nil {
				return err
			}
			for j := range a {
				if math.Abs(a[j]-b[j]) > 1e-12 {
					t.Errorf("%s[%d]: %g in parts, %g at once", p.Name, j, b[j], a[j])
				}
			}
		}
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestInnerLoRA: a task is learned from merged matrices as it was from those
// beside them, in all orders of gradients.
func TestInnerLoRA(t *testing.T) {
	b := newBench(t)
	for _, algorithm := range []string{"maml", "fomaml"} {
		changes := map[string]any{
			"algorithm": algorithm, "freeze": "lora-2", "inner_freeze": "none", "inner_lr": 0.05, "adaptation_steps": 2,
			"learning_rate": 1e-2, "dropout": 0, "iterations": 12, "eval_every": 6, "warmup_ratio": 0,
		}
		err := b.with(t, changes, 3, func(x *fixture) error {
			episodes, err := x.data.Episodes(task.Validation)
			if err != nil {
				return err
			}
			outcome, err := Train(x.s, x.algorithm, x.learner, x.data, Options{Config: x.config, Seed: 3})
			if err != nil {
				return err
			}
			m, err := Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes)
			if err != nil {
				return err
			}
			if math.Abs(m.Loss-outcome.Value) > 1e-5 {
				t.Errorf("%s: loss %v with merged matrices, %v beside them", algorithm, m.Loss, outcome.Value)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

package meta

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// rowsOf64 cuts values into rows of a width.
func rowsOf64(values []float64, width int) [][]float64 {
	var rows [][]float64
	for ; len(values) > 0; values = values[width:] {
		rows = append(rows, values[:width])
	}
	return rows
}

// crossEntropy is the mean of -log softmax(logits)[label], in float64.
func crossEntropy(logits [][]float64, labels []int64) float64 {
	total := 0.0
	for i, row := range logits {
		largest := math.Inf(-1)
		for _, v := range row {
			largest = math.Max(largest, v)
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v - largest)
		}
		total += largest + math.Log(sum) - row[labels[i]]
	}
	return total / float64(len(logits))
}

// protoLogits is minus the squared distance to the class means, as the paper
// writes it.
func protoLogits(support [][]float64, labels []int64, ways int, queries [][]float64) [][]float64 {
	width := len(support[0])
	means, counts := make([][]float64, ways), make([]float64, ways)
	for c := range means {
		means[c] = make([]float64, width)
	}
	for i, row := range support {
		counts[labels[i]]++
		for j, v := range row {
			means[labels[i]][j] += v
		}
	}
	logits := make([][]float64, len(queries))
	for q, row := range queries {
		logits[q] = make([]float64, ways)
		for c, mean := range means {
			for j, v := range row {
				d := v - mean[j]/counts[c]
				logits[q][c] -= d * d
			}
		}
	}
	return logits
}

// TestProtonetLoss compares the loss of a step with the distances written out
// in float64 on the vectors of the same texts.
func TestProtonetLoss(t *testing.T) {
	b := newBench(t)
	err := b.with(t, map[string]any{"dropout": 0}, 4, func(x *fixture) error {
		for i := range 5 {
			e, err := x.data.TrainEpisode(i)
			if err != nil {
				return err
			}
			vectors := func(examples []int) [][]float64 {
				v, err := x.learner.EmbedAll(x.s, x.data.Inputs(), examples)
				if err != nil {
					t.Fatal(err)
				}
				values, err := v.Float64s()
				if err != nil {
					t.Fatal(err)
				}
				return rowsOf64(values, int(x.learner.Network.Features()))
			}
			want := crossEntropy(protoLogits(vectors(e.Support.Inputs), e.Support.Labels, e.Outputs, vectors(e.Query.Inputs)), e.Query.Labels)
			loss, err := x.algorithm.Step(x.s, i)
			if err != nil {
				return err
			}
			got, err := loss.Item()
			if err != nil {
				return err
			}
			if math.Abs(got-want) > 1e-5*math.Max(1, want) {
				t.Errorf("episode %d: loss %g, directly %g", i, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// clusters draws labelled vectors around a centre for each class; support
// comes unbalanced and unsorted.
func clusters(seed uint64, ways, n, width int, spread float64) (vectors [][]float64, labels []int64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	centres := make([][]float64, ways)
	for c := range centres {
		for range width {
			centres[c] = append(centres[c], 3+rng.NormFloat64())
		}
	}
	for i := range n {
		c := i % ways
		if i >= ways && rng.IntN(3) == 0 {
			c = 0
		}
		row := make([]float64, width)
		for j := range row {
			row[j] = centres[c][j] + spread*rng.NormFloat64()
		}
		vectors, labels = append(vectors, row), append(labels, int64(c))
	}
	return vectors, labels
}

func flat(rows [][]float64) []float64 {
	var all []float64
	for _, r := range rows {
		all = append(all, r...)
	}
	return all
}

func matrix(s *tensor.Scope, rows [][]float64) *tensor.Tensor {
	return s.Cast(s.FromFloat64(flat(rows), int64(len(rows)), int64(len(rows[0]))), tensor.Float32)
}

func logitsOf(t *testing.T, s *tensor.Scope, c Head, x *tensor.Tensor, ways int) [][]float64 {
	t.Helper()
	values, err := c.Apply(s, x).Float64s()
	if err != nil {
		t.Fatal(err)
	}
	return rowsOf64(values, ways)
}

func argmax(row []float64) int {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return best
}

// TestPrototypes: the linear form differs from minus the distances by a term
// that is the same for all classes.
func TestPrototypes(t *testing.T) {
	const ways, width = 4, 7
	vectors, labels := clusters(1, ways, 30, width, 0.8)
	err := tensor.Do(func(s *tensor.Scope) error {
		x := matrix(s, vectors)
		c, err := prototypes(s, s.Narrow(x, 0, 0, 14), Examples{Labels: labels[:14]}, ways)
		if err != nil {
			return err
		}
		got := logitsOf(t, s, c, s.Narrow(x, 0, 14, 16), ways)
		want := protoLogits(vectors[:14], labels[:14], ways, vectors[14:])
		for q := range got {
			for k := range ways {
				if a, b := got[q][k]-got[q][0], want[q][k]-want[q][0]; math.Abs(a-b) > 1e-3 {
					t.Errorf("query %d: logit %d is %g above the first, directly %g", q, k, a, b)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A probe is regularized logistic regression in float64, by plain gradient
// descent until it stands still: the loss is convex.
type probe struct {
	z    [][]float64 // standardized vectors
	y    []int64
	ways int
	w    [][]float64
	b    []float64
}

func (p *probe) logits(rows [][]float64) [][]float64 {
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = make([]float64, p.ways)
		for c := range p.ways {
			out[i][c] = p.b[c]
			for j, v := range row {
				out[i][c] += p.w[c][j] * v
			}
		}
	}
	return out
}

func (p *probe) loss() float64 {
	squares := 0.0
	for _, row := range p.w {
		for _, v := range row {
			squares += v * v
		}
	}
	return crossEntropy(p.logits(p.z), p.y) + probeDecay/2*squares
}

func (p *probe) fit() {
	width, n := len(p.z[0]), float64(len(p.z))
	p.w, p.b = make([][]float64, p.ways), make([]float64, p.ways)
	for c := range p.w {
		p.w[c] = make([]float64, width)
	}
	const rate = 0.2
	for range 8000 {
		logits := p.logits(p.z)
		for c := range p.ways {
			bias, weights := 0.0, make([]float64, width)
			for i, row := range logits {
				sum := 0.0
				for _, v := range row {
					sum += math.Exp(v - row[c])
				}
				d := 1 / sum
				if p.y[i] == int64(c) {
					d--
				}
				bias += d / n
				for j, v := range p.z[i] {
					weights[j] += d * v / n
				}
			}
			p.b[c] -= rate * bias
			for j := range weights {
				p.w[c][j] -= rate * (weights[j] + probeDecay*p.w[c][j])
			}
		}
	}
}

// standardize subtracts the mean of each column and divides by the one
// standard deviation of all that is left.
func standardize(rows [][]float64) (z [][]float64, mean []float64, deviation float64) {
	mean = make([]float64, len(rows[0]))
	for _, row := range rows {
		for j, v := range row {
			mean[j] += v / float64(len(rows))
		}
	}
	for _, row := range rows {
		for j, v := range row {
			deviation += (v - mean[j]) * (v - mean[j]) / float64(len(rows)*len(row))
		}
	}
	deviation = math.Sqrt(deviation)
	for _, row := range rows {
		scaled := make([]float64, len(row))
		for j, v := range row {
			scaled[j] = (v - mean[j]) / deviation
		}
		z = append(z, scaled)
	}
	return z, mean, deviation
}

// TestProbe holds the probe against the optimum of its own loss, found by
// another method in another precision.
func TestProbe(t *testing.T) {
	for name, c := range map[string]struct {
		ways, n, width int
		spread         float64
	}{
		"5-way 5-shot":     {5, 25, 12, 1},
		"2-way 1-shot":     {2, 2, 12, 1},
		"wide":             {5, 25, 128, 2},
		"noisy":            {3, 40, 8, 3},
		"far from centred": {3, 12, 6, 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			vectors, labels := clusters(7, c.ways, c.n+40, c.width, c.spread)
			train, rest := vectors[:c.n], vectors[c.n:]
			z, mean, deviation := standardize(train)
			best := &probe{z: z, y: labels[:c.n], ways: c.ways}
			best.fit()
			err := tensor.Do(func(s *tensor.Scope) error {
				got, err := fitProbe(s, matrix(s, train), Examples{Labels: labels[:c.n]}, c.ways)
				if err != nil {
					return err
				}
				weight, err := got.Weight.Float64s()
				if err != nil {
					return err
				}
				bias, err := got.Bias.Float64s()
				if err != nil {
					return err
				}
				ours := &probe{z: z, y: best.y, ways: c.ways, w: rowsOf64(weight, c.width), b: bias}
				for k, row := range ours.w { // into the standardized space
					for j := range row {
						ours.b[k] += row[j] * mean[j]
						row[j] *= deviation
					}
				}
				if a, b := ours.loss(), best.loss(); a < b-1e-4 || a > 1.001*b+1e-4 {
					t.Errorf("loss %.5f, the least possible is %.5f", a, b)
				}
				var scaled [][]float64
				for _, row := range rest {
					r := make([]float64, len(row))
					for j, v := range row {
						r[j] = (v - mean[j]) / deviation
					}
					scaled = append(scaled, r)
				}
				want := best.logits(scaled)
				same := 0
				for i, row := range logitsOf(t, s, got, matrix(s, rest), c.ways) {
					if argmax(row) == argmax(want[i]) {
						same++
					}
				}
				if same < 39 { // one text may lie on a border
					t.Errorf("%d of 40 labels are those of the optimum", same)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestProbeOfEqualVectors: no direction tells the classes apart; the result
// must be finite all the same.
func TestProbeOfEqualVectors(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		x := s.Ones(tensor.Float32, tensor.CPU, 4, 3)
		c, err := fitProbe(s, x, Examples{Labels: []int64{0, 0, 0, 1}}, 2)
		if err != nil {
			return err
		}
		for i, row := range logitsOf(t, s, c, x, 2) {
			if !(row[0] > row[1]) || math.IsInf(row[0], 0) {
				t.Errorf("row %d: logits %v, want the more frequent class ahead", i, row)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAdaptRefusesLabels(t *testing.T) {
	for name, fit := range map[string]FitFunc{"probe": fitProbe, "prototypes": prototypes} {
		for _, c := range []struct {
			labels []int64
			want   string
		}{{[]int64{0, 3}, "label 3 is outside 0..2"}, {[]int64{0, -1}, "label -1 is outside"}, {[]int64{0, 1}, "class 2 has no support example"}} {
			err := tensor.Do(func(s *tensor.Scope) error {
				_, err := fit(s, s.Ones(tensor.Float32, tensor.CPU, 2, 3), Examples{Labels: c.labels}, 3)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %v: %v, want %q", name, c.labels, err, c.want)
			}
		}
		err := tensor.Do(func(s *tensor.Scope) error {
			s.Fail("earlier", errors.New("test"))
			_, err := fit(s, nil, Examples{Labels: []int64{0, 1}}, 2)
			return err
		})
		if err == nil || err.Error() != "earlier: test" {
			t.Errorf("%s after an error: %v, want that error", name, err)
		}
	}
	if _, err := NewAdapter(&setting.Config{Algorithm: "mammal"}); err == nil || !strings.Contains(err.Error(), "or protonet") {
		t.Errorf("unknown algorithm: %v", err)
	}
}

func TestJointHasAHeadForEachTask(t *testing.T) {
	b := newBench(t)
	err := b.with(t, map[string]any{"algorithm": "joint"}, 1, func(x *fixture) error {
		tasks := x.data.Joint().Tasks()
		params := x.algorithm.Params()
		if len(tasks) < 3 || len(params) != 2*len(tasks) {
			t.Fatalf("%d tasks, %d parameters of heads", len(tasks), len(params))
		}
		for i, task := range tasks {
			if shape := params[2*i].Tensor.Shape(); shape[0] != int64(len(task.Classes)) {
				t.Errorf("head %d has %d outputs for %d classes", i, shape[0], len(task.Classes))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEvaluate compares the batched evaluation with one text at a time.
func TestEvaluate(t *testing.T) {
	b := newBench(t)
	err := b.with(t, map[string]any{"max_length": 6}, 1, func(x *fixture) error {
		episodes, err := x.data.Episodes("validation")
		if err != nil {
			return err
		}
		got, err := Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes)
		if err != nil {
			return err
		}
		single := func(examples []int) [][]float64 {
			var rows [][]float64
			for _, e := range examples {
				v, err := x.learner.EmbedAll(x.s, x.data.Inputs(), []int{e})
				if err != nil {
					t.Fatal(err)
				}
				row, err := v.Float64s()
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, row)
			}
			return rows
		}
		loss, accuracies := 0.0, []float64(nil)
		for _, e := range episodes {
			logits := protoLogits(single(e.Support.Inputs), e.Support.Labels, e.Outputs, single(e.Query.Inputs))
			loss += crossEntropy(logits, e.Query.Labels) / float64(len(episodes))
			hits := 0.0
			for i, row := range logits {
				if int64(argmax(row)) == e.Query.Labels[i] {
					hits++
				}
			}
			accuracies = append(accuracies, hits/float64(len(e.Query.Inputs)))
		}
		mean, standardError := meanAndError(accuracies)
		if math.Abs(got.Loss-loss) > 1e-5 || math.Abs(got.Accuracy-mean) > 1e-12 || math.Abs(got.CI95-1.96*standardError) > 1e-12 || got.N != len(episodes) {
			t.Errorf("got %+v, directly loss %g, accuracy %g ± %g", got, loss, mean, 1.96*standardError)
		}
		_, err = Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), nil)
		if err == nil {
			t.Error("no episodes were accepted")
		}
		stopped := make(chan struct{})
		close(stopped)
		x.learner.Stopped = stopped
		if _, err = Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestProtonetGroup: how many episodes are computed in one pass.
func TestProtonetGroup(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		conv4, err := model.NewConv4(s, model.Conv4Shape{Filters: 2, Channels: 1, Height: 16, Width: 16}, 1, tensor.CPU)
		if err != nil {
			return err
		}
		mlp := model.NewMLP(s, 4, []int64{3}, 1, tensor.CPU)
		for _, c := range []struct {
			network model.Network
			device  tensor.Device
			want    int
		}{{mlp, tensor.CPU, 1}, {mlp, 0, 3}, {conv4, 0, 1}} { // batch normalization
			p := &protonet{Setup{Config: &setting.Config{MetaBatchSize: 3}, Learner: &Learner{Network: c.network}}}
			if got := p.group(c.device); got != c.want {
				t.Errorf("%T on %s: %d episodes, want %d", c.network, c.device, got, c.want)
			}
		}
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestProtonetTogether: the gradients of episodes in one pass are those of one
// after the other.
func TestProtonetTogether(t *testing.T) {
	b := newBench(t)
	err := b.with(t, map[string]any{"dropout": 0, "meta_batch_size": 3}, 2, func(x *fixture) error {
		p := x.algorithm.(*protonet)
		params := x.params()
		for _, param := range params {
			x.s.SetRequiresGrad(param.Tensor, true)
		}
		gradients := func(group int) (all []float64) {
			loss, err := p.episodes(x.s, 1, group, p.loss)
			if err != nil {
				t.Fatal(err)
			}
			for _, of := range append([]model.Param{{Tensor: loss}}, params...) {
				g := of.Tensor
				if of.Name != "" {
					g = x.s.Grad(of.Tensor)
				}
				if g == nil {
					continue // the pooler's
				}
				values, err := g.Float64s()
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, values...)
				x.s.ZeroGrad([]*tensor.Tensor{of.Tensor})
			}
			return all
		}
		apart, together := gradients(1), gradients(3)
		if len(apart) < 1000 || len(apart) != len(together) {
			t.Fatalf("%d and %d numbers", len(apart), len(together))
		}
		for i := range apart {
			if math.Abs(apart[i]-together[i]) > 1e-5 {
				t.Fatalf("number %d: %g apart, %g together", i, apart[i], together[i])
			}
		}
		return x.s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

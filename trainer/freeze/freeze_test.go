package freeze

import (
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// stack is a network of three layers without embeddings: 10, 30 and 60 numbers.
type stack struct {
	model.Network
	blocks [][]model.Param
}

func (n *stack) Blocks() [][]model.Param { return n.blocks }
func (n *stack) Params() []model.Param   { return slices.Concat(n.blocks...) }
func (n *stack) Device() tensor.Device   { return tensor.CPU }

func newStack(s *tensor.Scope) *stack {
	param := func(name string, n int64) model.Param {
		return model.Param{Name: name, Tensor: s.Zeros(tensor.Float32, tensor.CPU, n)}
	}
	return &stack{blocks: [][]model.Param{
		nil,
		{param("0.weight", 8), param("0.bias", 2)},
		{param("1.weight", 28), param("1.bias", 2)},
		{param("2.weight", 56), param("2.bias", 4)},
	}}
}

func names(params []model.Param) string {
	var list []string
	for _, p := range params {
		list = append(list, p.Name)
	}
	return strings.Join(list, " ")
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		strategy string
		ratio    float64
		trained  string // at any of 12 steps
		begins   int
		prefix   int
	}{
		{"none", 0.5, "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias", 0, 1},
		{"bottom-1", 0.5, "1.weight 1.bias 2.weight 2.bias", 0, 2},
		{"bottom-3", 0.5, "", -1, 4},
		{"all-but-head", 0.5, "", -1, 4},
		{"percent-8", 0.5, "0.bias 1.weight 1.bias 2.weight 2.bias", 0, 1},
		{"percent-9", 0.5, "1.weight 1.bias 2.weight 2.bias", 0, 2},
		{"percent-39", 0.5, "2.weight 2.bias", 0, 3},
		{"percent-41", 0.5, "2.bias", 0, 3},
		{"percent-99", 0.5, "2.bias", 0, 3},
		{"bias-only", 0.5, "0.bias 1.bias 2.bias", 0, 1},
		{"lp-ft", 0.5, "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias", 6, 1},
		{"lp-ft", 1, "", -1, 4},
		{"gradual", 1, "1.weight 1.bias 2.weight 2.bias", 4, 2},
		{"gradual", 0.5, "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias", 2, 1},
	} {
		err := tensor.Do(func(s *tensor.Scope) error {
			strategy, err := setting.ParseFreeze(c.strategy)
			if err != nil {
				return err
			}
			network := newStack(s)
			plan, err := New(s, network, &setting.Config{Freeze: strategy, UnfreezeRatio: c.ratio, LayerDecay: 1}, 12)
			if err != nil {
				return err
			}
			if got := names(plan.Params()); got != c.trained {
				t.Errorf("%s: trains %q, want %q", c.strategy, got, c.trained)
			}
			if plan.Begins() != c.begins || plan.Prefix() != c.prefix {
				t.Errorf("%s: begins %d, prefix %d; want %d, %d", c.strategy, plan.Begins(), plan.Prefix(), c.begins, c.prefix)
			}
			for step := range 12 {
				plan.Advance(s, step)
				if got := names(trained(network.Params())); (got == "") == (c.begins >= 0 && step >= c.begins) {
					t.Errorf("%s: step %d trains %q", c.strategy, step, got)
				}
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", c.strategy, err)
		}
	}
}

func TestGradualComesDown(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		network := newStack(s)
		plan, err := New(s, network, &setting.Config{Freeze: setting.Freeze{Kind: setting.FreezeGradual}, UnfreezeRatio: 0.5, LayerDecay: 1}, 12)
		if err != nil {
			return err
		}
		var changes []int
		for step := range 12 {
			if plan.Changes(step) {
				changes = append(changes, step)
			}
		}
		if !slices.Equal(changes, []int{2, 4, 6}) {
			t.Errorf("changes at %v", changes)
		}
		plan.Advance(s, 5)
		if got := names(trained(network.Params())); got != "1.weight 1.bias 2.weight 2.bias" {
			t.Errorf("step 5 trains %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNoPlan(t *testing.T) {
	for strategy, want := range map[string]string{
		"embeddings": "no embeddings", "layernorm-only": "no LayerNorm", "lora-4": "no attention", "bottom-4": "has 3 layers",
	} {
		err := tensor.Do(func(s *tensor.Scope) error {
			f, err := setting.ParseFreeze(strategy)
			if err != nil {
				t.Fatal(err)
			}
			_, err = New(s, newStack(s), &setting.Config{Freeze: f, LayerDecay: 1}, 10)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", strategy, err, want)
		}
	}
}

// trained returns those of params that are trained as things are.
func trained(params []model.Param) []model.Param {
	return slices.DeleteFunc(slices.Clone(params), func(p model.Param) bool { return !p.Tensor.RequiresGrad() })
}

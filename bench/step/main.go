// Command step times training steps of a BERT encoder (6 layers of 384) with
// a linear head on 16 texts of 32 tokens, through the packages that the
// trainer uses, and prints the result as JSON. bench/peer/step.py does the
// same work in Python; the losses of the two tell whether it is the same.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/hpsearch/hpsearch/trainer/freeze"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The work, which the peer repeats number by number.
const (
	batch, length = 16, 32
	classes       = 5
	learningRate  = 2e-5
	weightDecay   = 0.01
	clip          = 1.0
)

// A Result is what is printed.
type Result struct {
	Torch           string  `json:"torch"`
	Threads         int     `json:"threads"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	FirstLoss       float64 `json:"first_loss"`
	LastLoss        float64 `json:"last_loss"`
}

func main() {
	dir := flag.String("model", "", "folder of the model")
	warmup := flag.Int("warmup", 3, "steps that are not timed")
	steps := flag.Int("steps", 10, "steps that are timed")
	flag.Parse()
	result, err := run(*dir, *warmup, *steps)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		os.Exit(1)
	}
}

func run(dir string, warmup, steps int) (*Result, error) {
	result := &Result{Torch: tensor.Version(), Threads: tensor.Threads()}
	err := tensor.Do(func(s *tensor.Scope) error {
		t, err := newTraining(s, dir)
		if err != nil {
			return err
		}
		var start time.Time
		for i := range warmup + steps {
			if i == warmup {
				start = time.Now()
			}
			loss, err := t.step(s)
			if err != nil {
				return err
			}
			if i == 0 {
				result.FirstLoss = loss
			}
			result.LastLoss = loss
		}
		result.TokensPerSecond = float64(batch*length*steps) / time.Since(start).Seconds()
		return nil
	})
	return result, err
}

// A training is an encoder with a head, its optimizer and one fixed batch.
type training struct {
	encoder      *model.Bert
	weight, bias *tensor.Tensor
	optimizer    *tensor.AdamW
	ids          [][]int32
	labels       []int64
}

func newTraining(s *tensor.Scope, dir string) (*training, error) {
	encoder, err := model.Load(s, dir, tensor.CPU)
	if err != nil {
		return nil, err
	}
	config := &setting.Config{Freeze: setting.Freeze{Kind: setting.FreezeNone}, WeightDecay: weightDecay, LayerDecay: 1}
	plan, err := freeze.New(s, &model.Encoder{Bert: encoder}, config, math.MaxInt)
	if err != nil {
		return nil, err
	}
	t := &training{encoder: encoder}
	hidden := int(encoder.Config.Hidden)
	head := make([]float32, classes*hidden)
	for i := range head {
		head[i] = float32(0.02 * math.Sin(float64(i)))
	}
	t.weight = s.FromFloat32(head, classes, int64(hidden))
	t.bias = s.Zeros(tensor.Float32, tensor.CPU, classes)
	s.SetRequiresGrad(t.weight, true)
	s.SetRequiresGrad(t.bias, true)
	t.optimizer = tensor.NewAdamW(s, plan.Groups([]model.Param{
		{Name: "head.weight", Tensor: t.weight}, {Name: "head.bias", Tensor: t.bias},
	}, config))
	t.optimizer.MaxNorm = clip
	for i := range batch {
		row := make([]int32, length)
		for j := range row {
			row[j] = int32(1000 + (i*length+j)*7919%20000)
		}
		t.ids = append(t.ids, row)
		t.labels = append(t.labels, int64(i%classes))
	}
	return t, s.Err()
}

// step makes one update and returns the loss before it.
func (t *training) step(root *tensor.Scope) (loss float64, err error) {
	err = root.Run(func(s *tensor.Scope) error {
		input, err := model.NewBatch(s, tensor.CPU, 0, t.ids)
		if err != nil {
			return err
		}
		params := t.optimizer.Params()
		s.ZeroGrad(params)
		x := t.encoder.Embed(s, input, model.MeanPooling, 0)
		l := s.CrossEntropy(s.Linear(x, t.weight, t.bias), s.FromInt64(t.labels))
		s.Backward(l)
		t.optimizer.Step(s, learningRate)
		if s.Err() != nil {
			return s.Err()
		}
		loss, err = l.Item()
		return err
	})
	return loss, err
}

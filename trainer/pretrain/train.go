package pretrain

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A training is the state of one call of Run.
type training struct {
	Options
	asked     Options // before defaults were filled in
	model     *model.MaskedLM
	masker    masker
	data      *corpus
	optimizer *tensor.AdamW
	dir       string // of checkpoints
	result    *Result
	total     int // steps
	perEpoch  int

	position  int // finished steps
	validated int // position of the last validation
	lossSum   float64
	lossCount int

	pending []*tensor.Tensor // losses that were not read yet
	best    []*tensor.Tensor // copies of the parameters at the best validation; nil: none yet

	epoch int   // of order
	order []int // of the blocks in that epoch
}

// lossWindow is the number of steps between looks at the training loss: each
// look waits for the device.
const lossWindow = 50

func (t *training) train(s *tensor.Scope) error {
	for t.validated < t.total {
		if t.stopRequested() {
			return t.stop(s)
		}
		if t.position > t.validated && (t.position%t.EvalEvery == 0 || t.position == t.total) {
			if err := t.validate(s); err != nil {
				return err
			}
			continue
		}
		if err := t.step(s); err != nil {
			return fmt.Errorf("step %d: %w", t.position+1, err)
		}
		if len(t.pending) >= lossWindow {
			if err := t.readLosses(s); err != nil {
				return err
			}
		}
	}
	t.result.Steps = t.position
	for i, p := range t.model.Params() {
		s.Copy(p.Tensor, t.best[i])
	}
	return s.Err()
}

func (t *training) stopRequested() bool {
	select {
	case <-t.Stopped:
		return true
	default:
		return false
	}
}

func (t *training) stop(s *tensor.Scope) error {
	if err := t.readLosses(s); err != nil {
		return err
	}
	if err := t.save(); err != nil {
		return err
	}
	return ErrStopped
}

// step makes one update. All that it draws depends on the seed and the
// position alone.
func (t *training) step(s *tensor.Scope) error {
	rate, err := tensor.LinearSchedule(t.LearningRate, t.WarmupRatio, t.position, t.total)
	if err != nil {
		return err
	}
	tensor.Seed(int64(generator(t.Seed, dropoutStream, uint64(t.position)).Uint64()))
	err = s.Run(func(inner *tensor.Scope) error {
		loss, _, err := t.loss(inner, t.maskAll(generator(t.Seed, maskStream, uint64(t.position)), t.batch()), model.Mode{Dropout: t.Dropout})
		if err != nil {
			return err
		}
		inner.Backward(loss)
		params := t.optimizer.Params()
		if t.GradientClip > 0 {
			inner.ClipGradNorm(params, t.GradientClip)
		}
		t.optimizer.Step(inner, rate)
		inner.ZeroGrad(params)
		t.pending = append(t.pending, inner.Move(inner.Detach(loss), s))
		return nil
	})
	if err != nil {
		return err
	}
	t.position++
	if t.Hooks.Progress != nil {
		t.Hooks.Progress(t.position, t.total)
	}
	return nil
}

// batch returns the blocks of the step at the position: every epoch has all
// of them, in an order of its own.
func (t *training) batch() [][]int32 {
	epoch, at := t.position/t.perEpoch, t.position%t.perEpoch*t.BatchSize
	if t.order == nil || t.epoch != epoch {
		t.epoch, t.order = epoch, generator(t.Seed, orderStream, uint64(epoch)).Perm(len(t.data.train))
	}
	var blocks [][]int32
	for _, i := range t.order[at:min(at+t.BatchSize, len(t.order))] {
		blocks = append(blocks, t.data.train[i])
	}
	return blocks
}

func (t *training) maskAll(r *rand.Rand, blocks [][]int32) []masked {
	out := make([]masked, len(blocks))
	for i, block := range blocks {
		out[i] = t.masker.mask(r, block)
	}
	return out
}

// loss returns the mean negative log-likelihood of the masked tokens, and how
// many there are.
func (t *training) loss(s *tensor.Scope, blocks []masked, mode model.Mode) (*tensor.Tensor, int, error) {
	longest := 0
	sequences := make([][]int32, len(blocks))
	for i, b := range blocks {
		sequences[i], longest = b.ids, max(longest, len(b.ids))
	}
	batch, err := model.NewBatch(s, t.Device, t.masker.special.Pad, sequences)
	if err != nil {
		return nil, 0, err
	}
	var places, truth []int64
	for i, b := range blocks {
		for j, at := range b.places {
			places = append(places, int64(i*longest+at))
			truth = append(truth, int64(b.truth[j]))
		}
	}
	logits := t.model.Logits(s, batch, s.To(s.FromInt64(places), t.Device), mode)
	loss := s.CrossEntropy(logits, s.To(s.FromInt64(truth), t.Device))
	return loss, len(truth), s.Err()
}

// readLosses waits for the device and adds the pending losses up.
func (t *training) readLosses(s *tensor.Scope) error {
	for i, l := range t.pending {
		loss, err := l.Item()
		if err != nil {
			return err
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return fmt.Errorf("step %d: the loss is %g: training diverged; try a lower --learning-rate", t.position-len(t.pending)+1+i, loss)
		}
		t.lossSum, t.lossCount = t.lossSum+loss, t.lossCount+1
		s.Free(l)
	}
	t.pending = t.pending[:0]
	return nil
}

// validate measures the held-out texts, with the same masks every time, keeps
// the parameters if they are the best so far, and writes a checkpoint.
func (t *training) validate(s *tensor.Scope) error {
	if err := t.readLosses(s); err != nil {
		return err
	}
	loss, err := t.heldOutLoss(s)
	if err != nil {
		return fmt.Errorf("validate: %w", err)
	}
	metrics := map[string]float64{"val_loss": loss, "val_perplexity": perplexity(loss)}
	if t.lossCount > 0 {
		metrics["train_loss"] = t.lossSum / float64(t.lossCount)
	}
	t.lossSum, t.lossCount, t.validated = 0, 0, t.position
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return fmt.Errorf("step %d: the held-out loss is %g: training diverged; try a lower --learning-rate", t.position, loss)
	}
	if t.best == nil || loss < t.result.Loss {
		t.result.Loss, t.result.Perplexity, t.result.Step = loss, perplexity(loss), t.position
		t.keepBest(s)
	}
	if err := t.save(); err != nil {
		return err
	}
	if t.Hooks.Report != nil {
		t.Hooks.Report(t.position, metrics)
	}
	return s.Err()
}

func (t *training) heldOutLoss(s *tensor.Scope) (float64, error) {
	blocks := t.maskAll(generator(t.Seed, heldOutStream, 0), t.data.heldOut)
	sum, n := 0.0, 0
	for chunk := range slices.Chunk(blocks, t.BatchSize) {
		err := s.Run(func(inner *tensor.Scope) error {
			var err error
			inner.NoGrad(func() {
				var loss *tensor.Tensor
				var count int
				if loss, count, err = t.loss(inner, chunk, model.Mode{}); err != nil {
					return
				}
				var value float64
				value, err = loss.Item()
				sum, n = sum+value*float64(count), n+count
			})
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return sum / float64(n), nil
}

func (t *training) keepBest(s *tensor.Scope) {
	params := t.model.Params()
	if t.best == nil {
		for _, p := range params {
			t.best = append(t.best, s.Clone(p.Tensor))
		}
		return
	}
	for i, p := range params {
		s.Copy(t.best[i], p.Tensor)
	}
}

// perplexity is e to a loss in nats a token.
func perplexity(loss float64) float64 { return math.Exp(loss) }

package pruner

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = (*Hyperband)(nil)

// DefaultHyperbandReduction is eta of the Hyperband paper's experiments.
const DefaultHyperbandReduction = 3

// HyperbandOptions are the settings of a [Hyperband]; the zero value has the
// defaults.
type HyperbandOptions struct {
	// MinResource is the lowest step at which a trial may be cut. 0 means
	// MaxResource / Reduction², rounded up: a ninth of a training. Lower ones
	// lead to worse values in studies of some dozen trainings (see
	// DefaultReduction).
	MinResource int
	// MaxResource is R of the paper, the step at which trials end by
	// themselves. 0 means the highest step of the COMPLETE trials; then
	// nothing is pruned until there is one.
	MaxResource int
	// Reduction is eta of the paper, at least 2; 0 means
	// DefaultHyperbandReduction.
	Reduction int
	// StartupTrials and WarmupSteps are as in [ASHAOptions].
	StartupTrials int
	WarmupSteps   int
	// LeastChance is as in [ASHAOptions], in every bracket; trials are compared
	// with the COMPLETE ones of all.
	LeastChance float64
	// EndRepeats is as in [ASHAOptions]: of a COMPLETE trial of any bracket.
	EndRepeats bool
}

// Hyperband hedges between brackets of successive halving, from one that cuts
// as early as MinResource to one that cuts late or, where MaxResource is
// MinResource times a power of Reduction, never (Li et al., "Hyperband: A Novel
// Bandit-Based Approach to Hyperparameter Optimization", JMLR 18, 2018, algorithm
// 1). Each bracket is an [ASHA] of its own with s = 0, 1, …: trials of different
// brackets are not compared.
//
// A trial's bracket follows from the study's name and the trial's number; the
// brackets get shares of the trials in proportion to the numbers of
// configurations that the paper's algorithm starts in them. Both are as in
// Optuna's HyperbandPruner. NaN and missing steps are treated as ASHA does. It
// is safe for concurrent use.
type Hyperband struct {
	options HyperbandOptions
}

// NewHyperband returns the rule. It fails when an option is out of range.
func NewHyperband(o HyperbandOptions) (*Hyperband, error) {
	if o.Reduction == 0 {
		o.Reduction = DefaultHyperbandReduction
	}
	if o.MaxResource > 0 && max(1, o.MinResource) >= o.MaxResource {
		return nil, fmt.Errorf("hyperband pruner: min resource %d must be below max resource %d", max(1, o.MinResource), o.MaxResource)
	}
	if _, err := newASHA("hyperband", o.bracket(0)); err != nil {
		return nil, err
	}
	return &Hyperband{options: o}, nil
}

// Prune implements [search.Pruner].
func (b *Hyperband) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	o := b.options
	most := o.MaxResource
	if most == 0 {
		most = lastStep(h)
	}
	if o.MinResource == 0 && most > 0 {
		o.MinResource, o.MaxResource = (most-1)/o.Reduction/o.Reduction+1, most
	}
	if most < max(1, o.MinResource) {
		return false, nil
	}
	shares := o.shares(most)
	s := bracketOf(h, t, shares)
	asha, err := newASHA("hyperband", o.bracket(s))
	if err != nil {
		return false, errors.Join(errors.New("a bracket that NewHyperband would refuse"), err)
	}
	return asha.decide(h, t, func(other *search.Trial) bool { return bracketOf(h, other, shares) == s }), nil
}

func (o *HyperbandOptions) bracket(s int) ASHAOptions {
	return ASHAOptions{
		MinResource: o.MinResource, MaxResource: o.MaxResource, Reduction: o.Reduction, EarlyStopping: s,
		StartupTrials: o.StartupTrials, WarmupSteps: o.WarmupSteps, LeastChance: o.LeastChance,
		EndRepeats: o.EndRepeats,
	}
}

// shares returns for each bracket the number of trials that the paper starts
// in it: ceil((sMax+1) eta^(sMax-s) / (sMax-s+1)) with sMax+1 brackets.
func (o *HyperbandOptions) shares(most int) []int {
	brackets := 1
	for r := most / o.MinResource; r >= o.Reduction; r /= o.Reduction {
		brackets++
	}
	shares := make([]int, brackets)
	power := 1
	for s := brackets - 1; s >= 0; s-- {
		rungs := brackets - s
		shares[s] = (brackets*power + rungs - 1) / rungs
		power *= o.Reduction
	}
	return shares
}

// bracketOf deals the trials out to the brackets.
func bracketOf(h *search.History, t *search.Trial, shares []int) int {
	name, total := "", 0
	if h.Study != nil {
		name = h.Study.Name
	}
	for _, share := range shares {
		total += share
	}
	n := int64(crc32.ChecksumIEEE(fmt.Appendf(nil, "%s_%d", name, t.Number))) % int64(total)
	for s, share := range shares {
		if n -= int64(share); n < 0 {
			return s
		}
	}
	return len(shares) - 1 // not reached: n is below the sum of the shares
}

// lastStep returns the highest step that a COMPLETE trial has reported, -1
// when there is none.
func lastStep(h *search.History) int {
	highest := -1
	for _, t := range h.Trials {
		if last, ok := t.Last(); ok && t.State == search.Complete {
			highest = max(highest, last.Step)
		}
	}
	return highest
}

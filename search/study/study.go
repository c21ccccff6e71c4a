package study

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// Options are the settings of a [Study]; the zero value has the defaults.
type Options struct {
	// Sampler, Pruner and Terminator take the place of those that the
	// definition names.
	Sampler    search.Sampler
	Pruner     search.Pruner
	Terminator search.Terminator
	// Worker names this process to people who look at a running trial.
	Worker string
	// Lease is how long an asked trial is kept from others when this process
	// gives no sign of life. While the process is up the lease is renewed.
	// 0 means [search.DefaultLease].
	Lease time.Duration
	// Detached leaves leases alone: they run out, and Close gives nothing
	// back. It is for a process that ends before its trials do.
	Detached bool
	// MaxAttempts bounds how often a trial whose worker disappears is given
	// out; 0 means [search.DefaultMaxAttempts].
	MaxAttempts int
}

// A Study gives out the trials of a study and takes in what came of them. It
// is safe for concurrent use. Close it when done.
type Study struct {
	store    search.Store
	study    *search.Study
	sampler  search.Sampler
	pruner   search.Pruner
	history  *search.HistoryCache
	goals    search.Goals
	asker    *search.Asker
	lease    time.Duration
	detached bool

	mu   sync.Mutex
	held map[int]*held // asked and not told, by number
	stop func()        // ends the renewal of leases; nil when it does not run
}

// held is a trial that this process has.
type held struct {
	claim search.Claim
	last  int // the step of the last report
	any   bool
}

// Create stores a new study and opens it. The definition needs a name and a
// space; its objective is "external" unless it says otherwise, and its metric
// is called "value". Several objectives are given as Metrics and Directions.
// The error is [search.ErrExists] when the name is taken.
func Create(ctx context.Context, store search.Store, def search.Definition, o Options) (*Study, error) {
	if def.Version == 0 {
		def.Version = 1
	}
	if def.Objective.Kind == "" {
		def.Objective.Kind = "external"
	}
	if def.Objective.Metric == "" && len(def.Objective.Metrics) == 0 {
		def.Objective.Metric = "value"
	}
	def.Objective = def.Objective.Complete()
	if def.Sampler.Kind == "" {
		def.Sampler.Kind = kinds.DefaultSampler
	}
	if def.Pruner.Kind == "" {
		def.Pruner.Kind = kinds.DefaultPruner
	}
	if err := check(&def, o); err != nil {
		return nil, err
	}
	study, err := store.CreateStudy(ctx, def)
	if err != nil {
		return nil, fmt.Errorf("creating study %q: %w", def.Name, err)
	}
	return Open(store, study, o)
}

// check refuses a definition before it is stored.
func check(def *search.Definition, o Options) error {
	if len(def.Space) == 0 {
		return fmt.Errorf("creating study %q: its space is empty", def.Name)
	}
	if err := def.Space.Validate(def.Train); err != nil {
		return fmt.Errorf("creating study %q: %w", def.Name, err)
	}
	if _, err := made(def, o); err != nil {
		return fmt.Errorf("creating study %q: %w", def.Name, err)
	}
	named := *def // what the options bring instead need not fit
	if o.Sampler != nil {
		named.Sampler.Kind = ""
	}
	if o.Pruner != nil {
		named.Pruner.Kind = ""
	}
	if err := kinds.Check(&named); err != nil {
		return fmt.Errorf("creating study %q: %w", def.Name, err)
	}
	return nil
}

// Load opens a study that is in the store. The error is [search.ErrNotFound]
// when there is none of that name.
func Load(ctx context.Context, store search.Store, name string, o Options) (*Study, error) {
	study, err := store.Study(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("loading study %q: %w", name, err)
	}
	return Open(store, study, o)
}

// Open is Load for a study that was read from the store.
func Open(store search.Store, study *search.Study, o Options) (*Study, error) {
	if o.Lease == 0 {
		o.Lease = search.DefaultLease
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = search.DefaultMaxAttempts
	}
	o, err := made(&study.Definition, o)
	if err != nil {
		return nil, fmt.Errorf("study %q: %w", study.Name, err)
	}
	history := search.NewHistoryCache(store, study)
	asker, err := search.NewAsker(search.Asker{
		Store: store, Study: study, Sampler: o.Sampler, History: history, Worker: o.Worker,
		Lease: o.Lease, MaxAttempts: o.MaxAttempts, Limit: study.Definition.Budget.Trials,
	})
	if err != nil {
		return nil, fmt.Errorf("study %q: %w", study.Name, err)
	}
	return &Study{
		store: store, study: study, sampler: o.Sampler, pruner: o.Pruner, history: history, asker: asker,
		goals: search.Goals{
			Store: store, Study: study, Budget: study.Definition.Budget, Terminator: o.Terminator, History: history,
		},
		lease: o.Lease, detached: o.Detached, held: make(map[int]*held),
	}, nil
}

// made makes what the options do not bring.
func made(def *search.Definition, o Options) (Options, error) {
	var err error
	if o.Sampler == nil {
		if o.Sampler, err = kinds.NewSampler(def.Sampler); err != nil {
			return o, err
		}
	}
	if o.Pruner == nil {
		if o.Pruner, err = kinds.NewPruner(def.Pruner); err != nil {
			return o, err
		}
	}
	if o.Terminator == nil {
		if o.Terminator, err = kinds.NewTerminator(def.Budget.Terminator, def.Sampler.Seed); err != nil {
			return o, err
		}
	}
	return o, nil
}

// Study returns what does not change about the study.
func (s *Study) Study() *search.Study { return s.study }

// Ask returns a trial to run; [search.Trial.External] has its parameters and
// [search.TrialConfig] the fixed settings as well. It returns
// [search.ErrNothing] when the budget is spent, a target of it is reached or
// the study is paused, and [search.ErrTooManyFailed] when that many trials
// have failed.
func (s *Study) Ask(ctx context.Context) (*search.Trial, error) {
	budget := s.study.Definition.Budget
	goal, err := s.goals.Reached(ctx)
	if err != nil {
		return nil, err
	}
	if goal.Ending != "" {
		return nil, s.atEnd(goal)
	}
	if budget.MaxFailed > 0 {
		counts, err := s.store.Counts(ctx, s.study.ID)
		if err != nil {
			return nil, fmt.Errorf("counting the trials of study %q: %w", s.study.Name, err)
		}
		if counts.Fail >= budget.MaxFailed {
			return nil, fmt.Errorf("study %q: %w: %d", s.study.Name, search.ErrTooManyFailed, counts.Fail)
		}
	}
	t, claim, err := s.asker.Ask(ctx)
	if errors.Is(err, search.ErrNothing) {
		return nil, s.nothingLeft(ctx)
	}
	if err != nil {
		return nil, err
	}
	s.hold(claim)
	return t, nil
}

// atEnd is the error for a study that has come to a goal.
func (s *Study) atEnd(goal search.Goal) error {
	return nothing(fmt.Sprintf("study %q has come to its end (%s): %s", s.study.Name, goal.Ending, goal.Why))
}

// nothingLeft says why there is no trial to run.
func (s *Study) nothingLeft(ctx context.Context) error {
	summary, err := s.store.Summary(ctx, s.study.Name)
	if err != nil {
		return fmt.Errorf("study %q: %w", s.study.Name, err)
	}
	goal, err := s.goals.Exhausted(ctx, s.sampler, summary.Counts)
	why := "nothing waits for it"
	switch limit, total := s.study.Definition.Budget.Trials, summary.Counts.Total(); {
	case err != nil:
		return err
	case goal.Ending != "":
		return s.atEnd(goal)
	case summary.Study.Paused:
		why = "it is paused"
	case limit > 0 && total >= limit:
		why = fmt.Sprintf("it has had all of its %d", limit)
	}
	return nothing(fmt.Sprintf("study %q has no trial to run: %s", s.study.Name, why))
}

// A nothing is a [search.ErrNothing] that says why.
type nothing string

func (n nothing) Error() string { return string(n) }
func (n nothing) Unwrap() error { return search.ErrNothing }

// Best returns the best COMPLETE trial, of several objectives by the first;
// [search.ErrNotFound] when there is none.
func (s *Study) Best(ctx context.Context) (*search.Trial, error) {
	return s.store.Best(ctx, s.study.ID)
}

// Front returns the COMPLETE trials that no other one beats in every
// objective, in the order of their numbers: of a study of several objectives
// the Pareto front.
func (s *Study) Front(ctx context.Context) ([]*search.Trial, error) {
	trials, err := s.store.Trials(ctx, s.study.ID, search.TrialQuery{States: []search.State{search.Complete}, After: -1})
	if err != nil {
		return nil, fmt.Errorf("reading the trials of study %q: %w", s.study.Name, err)
	}
	return search.ParetoFront(s.study.Directions, trials), nil
}

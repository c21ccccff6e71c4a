package search

import "time"

// Direction says which values of the metric are better.
type Direction string

// The directions.
const (
	Minimize Direction = "minimize"
	Maximize Direction = "maximize"
)

// Better reports whether a is strictly better than b. NaN is never better
// than anything, and anything that is not NaN is better than NaN.
func (d Direction) Better(a, b float64) bool {
	switch {
	case a != a:
		return false
	case b != b:
		return true
	case d == Maximize:
		return a > b
	}
	return a < b
}

// A Study is what does not change while a study runs. Definition holds the
// study file's content; Study is safe to copy and must not be modified.
type Study struct {
	ID         int64
	Name       string
	Directions []Direction
	Created    time.Time
	Paused     bool
	// Foreign is a study that Optuna made and that was not given a definition,
	// see [Store.Adopt]. Its Definition is what its trials show; it can be asked
	// and told, not run.
	Foreign    bool
	Definition Definition
	UserAttrs  map[string]any
}

// Direction returns the first direction, Minimize when there is none.
func (s *Study) Direction() Direction {
	if len(s.Directions) == 0 {
		return Minimize
	}
	return s.Directions[0]
}

// Several reports whether trials are judged by more than one value: such a
// study has a Pareto front instead of a best trial.
func (s *Study) Several() bool { return len(s.Directions) > 1 }

// A Definition is everything that a study file says. It is stored with the
// study as JSON, so that any worker anywhere can run trials of it.
type Definition struct {
	Version   int              `json:"version"`
	Name      string           `json:"name"`
	Objective ObjectiveSpec    `json:"objective"`
	Train     map[string]any   `json:"train,omitempty"` // fixed settings; relative paths are made absolute
	Space     Space            `json:"space"`
	Sampler   SamplerSpec      `json:"sampler"`
	Pruner    PrunerSpec       `json:"pruner"`
	Budget    Budget           `json:"budget"`
	Enqueue   []map[string]any `json:"enqueue,omitempty"`
	// WarmStart is the study that this one was warm-started from, if any.
	WarmStart *WarmStart `json:"warm_start,omitempty"`
	// Split is the task split that was drawn when the study was created:
	// task or class names by role (train, validation, test).
	Split map[string][]string `json:"split,omitempty"`
	// Inputs are the files that trials read, as they were when the study was
	// created.
	Inputs []Input `json:"inputs,omitempty"`
}

// An Input is a file, or the files below a folder, at one time.
type Input struct {
	Path   string `json:"path"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	Stamp  string `json:"stamp"`  // of names, sizes and times of the last change
	SHA256 string `json:"sha256"` // of names and contents
}

// SamplerSpec names a sampler and its options.
type SamplerSpec struct {
	Kind          string         `json:"kind"`
	Seed          int64          `json:"seed"`
	StartupTrials int            `json:"startup_trials,omitempty"`
	Options       map[string]any `json:"options,omitempty"`
}

// PrunerSpec names a pruner and its options.
type PrunerSpec struct {
	Kind          string         `json:"kind"`
	StartupTrials int            `json:"startup_trials,omitempty"` // finished trials before anything is pruned
	WarmupSteps   int            `json:"warmup_steps,omitempty"`   // steps of a trial before it may be pruned
	Options       map[string]any `json:"options,omitempty"`
}

// Budget bounds a study. Zero means no bound, except for Parallel.
type Budget struct {
	Trials    int           `json:"trials,omitempty"`     // total of the study, finished and running
	Parallel  int           `json:"parallel,omitempty"`   // workers that `run` starts; 0 means 1
	Timeout   time.Duration `json:"timeout,omitempty"`    // wall clock of one `run`, in nanoseconds
	MaxFailed int           `json:"max_failed,omitempty"` // failed trials after which the study stops
	// Target is a value of the metric that is good enough; nil for none.
	Target *float64 `json:"target,omitempty"`
	// NoImprovement is the number of trials after the best one after which
	// the study stops, see [Reached].
	NoImprovement int `json:"no_improvement,omitempty"`
	// Terminator judges whether more trials are worth their while; nil for
	// none.
	Terminator *TerminatorSpec `json:"terminator,omitempty"`
	// StallTimeout is how long a trial may run without a sign of life before
	// it is taken for hung, see [Session].
	StallTimeout time.Duration `json:"stall_timeout,omitempty"` // in nanoseconds
}

// TerminatorSpec names a terminator and its options.
type TerminatorSpec struct {
	Kind string `json:"kind"` // regret-bound
	// Error is the difference of two values that makes no difference, in
	// units of the metric; nil has it estimated.
	Error     *float64 `json:"error,omitempty"`
	MinTrials int      `json:"min_trials,omitempty"` // complete ones before the first judgement; 0: the default
	Interval  int      `json:"interval,omitempty"`   // complete trials from one judgement to the next; 0: the default
}

// Counts is the number of trials by state.
type Counts struct {
	Waiting  int `json:"waiting"`
	Running  int `json:"running"`
	Complete int `json:"complete"`
	Pruned   int `json:"pruned"`
	Fail     int `json:"fail"`
}

// Total returns the number of trials in any state.
func (c Counts) Total() int { return c.Waiting + c.Running + c.Complete + c.Pruned + c.Fail }

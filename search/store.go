package search

import (
	"context"
	"errors"
	"time"
)

// The errors that a [Store] returns, wrapped with what was asked for.
var (
	ErrNotFound    = errors.New("not found")
	ErrExists      = errors.New("already exists")
	ErrFinished    = errors.New("trial is already finished") // with another outcome
	ErrFenced      = errors.New("trial was taken over by another worker")
	ErrNumberTaken = errors.New("trial number is taken")
	ErrNothing     = errors.New("no trial to claim")
)

// A Claim is a worker's right to a RUNNING trial. Every write about the trial
// carries it; a write whose attempt is no longer the trial's changes nothing
// and returns [ErrFenced].
type Claim struct {
	StudyID int64
	TrialID int64
	Number  int
	Attempt int
	Worker  string
}

// NextNumber stands for the next free number of a study, whatever it is.
const NextNumber = -1

// NewTrial is a trial to be created RUNNING, with all its parameters.
type NewTrial struct {
	// Number must be the next free number of the study: it seeded the
	// suggestion. When another worker was quicker, [Store.Start] returns
	// ErrNumberTaken and the caller suggests again. Who does not need to know
	// the number before says NextNumber: then nobody is ever quicker.
	Number        int
	Params        map[string]float64
	Distributions map[string]Distribution
	UserAttrs     map[string]any
}

// An Outcome ends a trial.
type Outcome struct {
	State     State     // COMPLETE, PRUNED or FAIL
	Values    []float64 // required and finite when COMPLETE
	Metrics   map[string]float64
	Reason    string // of a FAIL: diverged, out-of-memory, bad-config, …
	Message   string
	Artifacts map[string]string
	// Reports are those of the trial, where the caller has them. They were
	// stored as they came; a database server that crashed may have forgotten
	// the last of them, and then the store writes them again.
	Reports []Report
}

// An Order is what trials are ordered by. Equals are in ascending order of
// number.
type Order int

// The orders of trials.
const (
	ByNumber   Order = iota // the lowest first
	ByValue                 // of the first objective: the best first
	ByDuration              // the longest first; a RUNNING trial's lasts until now
)

// A TrialQuery selects trials of a study, in ascending order of number unless it
// says otherwise.
type TrialQuery struct {
	States []State // none: all
	After  int     // only numbers greater than this; -1 for all
	Also   []int   // these numbers too, whatever After says
	Limit  int     // 0: no limit
	// Order is what the trials are ordered by before Limit cuts. Those that lack
	// a value, or were not started, are the last, with Reverse too, which turns
	// ByValue and ByDuration around. ByNumber has Newest instead.
	Order   Order
	Reverse bool
	// Newest takes the highest numbers when there are more than Limit, not
	// the lowest. The order, ByNumber, stays ascending.
	Newest bool
	// Brief leaves out the intermediate reports.
	Brief bool
}

// A Summary is a study with its counts and best trial, for lists.
type Summary struct {
	Study  Study
	Counts Counts
	Best   *Trial // nil when no trial is COMPLETE; perhaps without its reports
}

// A Store keeps studies and trials. Implementations are safe for concurrent
// use by goroutines and, unless they live in memory, by processes. Each
// method is one transaction. Finished trials are never modified.
type Store interface {
	// CreateStudy stores the study with its definition and its enqueued
	// configurations as WAITING trials. ErrExists when the name is taken.
	CreateStudy(ctx context.Context, def Definition) (*Study, error)
	// Adopt gives a foreign study a definition, whose name is the study's, and
	// adds its enqueued configurations as WAITING trials. The same definition
	// again is accepted, another is refused with ErrExists. Whether the
	// definition suits the study is the caller's to know: see [CheckAdoption].
	Adopt(ctx context.Context, studyID int64, def Definition) error
	// Study returns ErrNotFound when there is none of that name.
	Study(ctx context.Context, name string) (*Study, error)
	// Summaries lists all studies, oldest first.
	Summaries(ctx context.Context) ([]Summary, error)
	// Summary is the same for one study.
	Summary(ctx context.Context, name string) (*Summary, error)
	// DeleteStudy removes the study with everything that belongs to it.
	DeleteStudy(ctx context.Context, studyID int64) error
	// SetPaused stops or allows new trials.
	SetPaused(ctx context.Context, studyID int64, paused bool) error
	// SetBudget gives a study another budget. Runs that are at work keep the
	// one that they began with.
	SetBudget(ctx context.Context, studyID int64, budget Budget) error

	// Enqueue adds a WAITING trial with fixed external parameter values; the
	// rest is suggested when it is claimed. It returns the trial's number.
	Enqueue(ctx context.Context, studyID int64, fixed map[string]any) (int, error)
	// Claim takes over the lowest-numbered trial that is WAITING, or RUNNING
	// with an expired lease, and starts its next attempt. ErrNothing when
	// there is none. A trial that had maxAttempts attempts already is ended
	// as FAIL instead (reason "lost") and the next one is looked at;
	// attempts that ended in Release do not count towards maxAttempts.
	// A paused study has nothing to claim.
	Claim(ctx context.Context, studyID int64, worker string, lease time.Duration, maxAttempts int) (*Trial, Claim, error)
	// SetParams stores the suggested parameters of a claimed WAITING trial.
	SetParams(ctx context.Context, c Claim, params map[string]float64, dists map[string]Distribution) error
	// Start creates a RUNNING trial with its parameters in one transaction,
	// unless the study already has limit trials, in whatever state (limit 0:
	// no limit), or is paused: then it returns ErrNothing.
	Start(ctx context.Context, studyID int64, t NewTrial, worker string, lease time.Duration, limit int) (Claim, error)
	// Renew extends the lease.
	Renew(ctx context.Context, c Claim, lease time.Duration) error
	// Report stores an intermediate result; the same step again replaces it.
	Report(ctx context.Context, c Claim, r Report) error
	// Finish ends the trial. The same outcome twice is accepted, another is
	// refused with ErrFinished. A COMPLETE outcome with a NaN or infinite
	// value is refused.
	Finish(ctx context.Context, c Claim, o Outcome) error
	// Release gives the trial back as WAITING, to be resumed by anyone.
	Release(ctx context.Context, c Claim) error
	// Requeue is Release that notes why: the trial has this reason and message
	// until its Finish, for whoever claims it and for people.
	Requeue(ctx context.Context, c Claim, reason, message string) error

	// Trial returns one trial with its reports.
	Trial(ctx context.Context, studyID int64, number int) (*Trial, error)
	// Trials returns the selected trials.
	Trials(ctx context.Context, studyID int64, q TrialQuery) ([]*Trial, error)
	// Leases returns the time that is left, by the store's clock, of the leases
	// of RUNNING trials, by the trials' numbers. It is not positive where the
	// lease is over and the trial free to be claimed. Trials without a lease,
	// which are Optuna's, are not there.
	Leases(ctx context.Context, studyID int64) (map[int]time.Duration, error)
	// Best returns the COMPLETE trial with the best first value, the lowest
	// number among equals; ErrNotFound when there is none.
	Best(ctx context.Context, studyID int64) (*Trial, error)
	// Counts returns the number of trials by state.
	Counts(ctx context.Context, studyID int64) (Counts, error)

	// Close releases what the store holds.
	Close() error
}

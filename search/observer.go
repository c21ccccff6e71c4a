package search

// An Observer is told what a [Runner] does: progress displays, logs and tests
// attach here. Its methods are called from the goroutines of all workers, so
// they must be safe for concurrent use, and they hold up the trial that they
// are about, so they should return quickly. For one trial the calls come one
// after the other: TrialStarted first, TrialEnded last.
//
// Embed [NopObserver] to implement only some of the methods.
type Observer interface {
	// TrialStarted is called when a worker has a trial with its parameters.
	// Its reports are those of earlier attempts.
	TrialStarted(t *Trial)
	// TrialReported is called after a report was stored; t includes it.
	TrialReported(t *Trial, r Report)
	// TrialProgressed is called for what is only worth showing.
	TrialProgressed(t *Trial, p Progress)
	// TrialCheckpointed is called when a checkpoint is complete on disk.
	TrialCheckpointed(t *Trial, step int, path string)
	// TrialStopping is called when the trial was asked to stop.
	TrialStopping(t *Trial, reason StopReason)
	// TrialRetried is called when a run of the trial failed in a way that may
	// not happen again, before the next run.
	TrialRetried(t *Trial, failure *TrialError)
	// TrialEnded is called when the worker is done with the trial.
	TrialEnded(t *Trial, end TrialEnd)
	// WorkerIdle is called, again and again, while a worker has nothing to do
	// but to see whether the trials of other processes come back.
	WorkerIdle(trials int)
}

// TrialEnd says how a worker parted from a trial. Exactly one of Outcome,
// Released and Lost is set.
type TrialEnd struct {
	Outcome  *Outcome // it was finished so
	Released bool     // it is WAITING again
	// NeedsRoom says, of a trial that was released because it ran out of
	// memory beside others, what happened and how it runs again.
	NeedsRoom string
	Lost      error // it was left alone, for this reason: it belongs to another worker, or will
}

// NopObserver ignores everything.
type NopObserver struct{}

var _ Observer = NopObserver{}

// TrialStarted implements [Observer].
func (NopObserver) TrialStarted(*Trial) {}

// TrialReported implements [Observer].
func (NopObserver) TrialReported(*Trial, Report) {}

// TrialProgressed implements [Observer].
func (NopObserver) TrialProgressed(*Trial, Progress) {}

// TrialCheckpointed implements [Observer].
func (NopObserver) TrialCheckpointed(*Trial, int, string) {}

// TrialStopping implements [Observer].
func (NopObserver) TrialStopping(*Trial, StopReason) {}

// TrialRetried implements [Observer].
func (NopObserver) TrialRetried(*Trial, *TrialError) {}

// TrialEnded implements [Observer].
func (NopObserver) TrialEnded(*Trial, TrialEnd) {}

// WorkerIdle implements [Observer].
func (NopObserver) WorkerIdle(int) {}

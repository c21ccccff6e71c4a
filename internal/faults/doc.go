// Package faults holds tests that kill, suspend and starve workers, trainers,
// databases and networks in the middle of a study, and then count: no complete
// trial is lost, none is counted twice, no number is given out twice, nothing
// is left running, and a trial that was resumed has the same losses as one
// that was left in peace.
//
// Trials are run by a simulated trainer, the test binary itself: its losses are
// a function of seed and step, handed from checkpoint to checkpoint. It tells
// the test of each step through a named pipe, so that the test strikes in the
// middle of things and waits for what it waits for.
//
// By default the tests take a short form; `make test-faults` sets
// HPSEARCH_TEST_FAULTS=full. HPSEARCH_TEST_SEED chooses other moments.
package faults

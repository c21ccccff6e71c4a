package trainer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// TestReason_lostDevice: a GPU that disappears ends the run, not the study,
// whatever the error was marked as on its way.
func TestReason_lostDevice(t *testing.T) {
	t.Parallel()
	lost, unfit := fmt.Errorf("step 3: %w", tensor.ErrDeviceLost), fmt.Errorf("add: %w", tensor.ErrDeviceUnfit)
	for _, err := range []error{lost, badConfig(lost), unavailable(lost), unfit, badConfig(unfit)} {
		if got := reasonOf(err); got != protocol.Unavailable {
			t.Errorf("%v is %s", err, got)
		}
	}
}

// TestTrial_lostDevice: a trial whose GPU disappears in a step is taken up
// where its last validation was, and ends with the result of one that was
// left alone.
func TestTrial_lostDevice(t *testing.T) {
	p, w := newPlace(t), NewWorkshop()
	trial := func(dir string, hooks meta.Hooks) (*Result, error) {
		message := p.trial(t, 1, dir, nil)
		return w.RunTrial(Trial{Config: message.Config, Seed: message.Seed, CheckpointDir: dir, Hooks: hooks})
	}
	want, err := trial("", meta.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	dir, done := t.TempDir(), 0
	_, err = trial(dir, meta.Hooks{
		Progress: func(step, _ int) { done = step },
		AfterStep: func(s *tensor.Scope) {
			if done == 12 { // of 20, with validations after 5 and 10
				s.Fail("adamw", fmt.Errorf("%w: CUDA error: unspecified launch failure", tensor.ErrDeviceLost))
			}
		},
	})
	message := failed(1, err)
	if message.Reason != protocol.Unavailable || !strings.Contains(message.Message, "step 13: adamw: the GPU is lost") {
		t.Fatalf("got %+v", message)
	}
	steps := 0
	got, err := trial(dir, meta.Hooks{Progress: func(int, int) { steps++ }})
	if err != nil {
		t.Fatal(err)
	}
	if got.Value != want.Value || steps != 10 {
		t.Errorf("value %v after %d more steps, want %v after 10", got.Value, steps, want.Value)
	}
}

package trainer

import (
	"fmt"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// TestReason_lostDevice: a GPU that disappears ends the run, not the study,
// whatever the error was marked as on its way.
func TestReason_lostDevice(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("step 3: %w", tensor.ErrDeviceLost)
	for _, err := range []error{lost, badConfig(lost), unavailable(lost)} {
		if got := reasonOf(err); got != protocol.Unavailable {
			t.Errorf("%v is %s", err, got)
		}
	}
}

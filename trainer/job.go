package trainer

import (
	"fmt"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

func (s *server) runJob(m protocol.Job, stopped <-chan struct{}) protocol.Message {
	return failed(protocol.JobNumber, fmt.Errorf("%w: job %q is not known", ErrConfig, m.Kind))
}

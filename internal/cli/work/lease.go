package work

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/hpsearch/hpsearch/search"
)

// minLease leaves time for a renewal on a busy machine: one is sent each
// quarter of a lease.
const minLease = time.Second

// LeaseFlag adds --lease to a verb.
func LeaseFlag(flags *pflag.FlagSet, lease *time.Duration) {
	flags.DurationVar(lease, "lease", search.DefaultLease,
		"how long a trial waits for a worker that gives no sign of life before another one takes it over")
}

// CheckLease refuses a lease that a worker could not keep.
func CheckLease(lease time.Duration) error {
	if lease < minLease {
		return fmt.Errorf("--lease must be at least %s", minLease)
	}
	return nil
}

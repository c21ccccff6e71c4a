package searchtest

import "flag"

// The suites draw a thousand spaces or histories each, the same in every run,
// so that a test that passes today passes tomorrow. Others are drawn by
// go test -rapid.seed=0, more of them by -rapid.checks=10000.
func init() {
	for name, value := range map[string]string{"rapid.checks": "1000", "rapid.seed": "1"} {
		_ = flag.Set(name, value) // TestRapidFlags sees that there is such a flag
	}
}

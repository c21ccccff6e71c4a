package searchtest_test

import (
	"flag"
	"testing"
)

func TestRapidFlags(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rapid.checks", "rapid.seed"} {
		if flag.Lookup(name) == nil {
			t.Errorf("there is no flag -%s: the suites do not draw what they are said to", name)
		}
	}
}

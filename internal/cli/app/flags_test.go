package app

import (
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestFlagError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"--parallel=two", "--parallel two: want a whole number"},
		{"--timeout=5", "--timeout 5: want a time with its unit, such as 90s, 30m or 2h"},
		{"--parallex=2", "run has no flag --parallex; did you mean --parallel?"},
		{"--json", "run has no flag --json: write -o json"},
		{"--format=json", "run has no flag --format: write -o FORMAT (json, yaml, csv or name)"},
		{"--banana", "unknown flag: --banana"},
		{"-z", "unknown shorthand flag: 'z' in -z"},
		{"--parallel", "flag needs an argument: --parallel"},
	} {
		cmd := &cobra.Command{Use: "run", SilenceErrors: true, SilenceUsage: true, Run: func(*cobra.Command, []string) {}}
		cmd.SetFlagErrorFunc(FlagError)
		cmd.Flags().Int("parallel", 0, "")
		cmd.Flags().Duration("timeout", time.Second, "")
		cmd.SetArgs([]string{c.args})
		if err := cmd.Execute(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}

package pretrain

import (
	"strings"
	"testing"
)

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--text a --to b --steps 5 --epochs 3": "--steps and --epochs both say how long to train: keep one",
		"--text a --to b c":                    `unexpected argument "c"`,
		"--text a --to b --steps 0":            "--steps 0: use 1 or more",
		"--text a --to b --steps x":            "--steps x: want a whole number",
		"--text a --to b -o csv":               `--output "csv": use table or json`,
	} {
		if _, err := parse(strings.Fields(args)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

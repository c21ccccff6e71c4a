package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// expectExit runs a command and succeeds if that ends with the exit code that
// the first argument names.
func expectExit(args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: expect-exit CODE COMMAND…")
		return 2
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "expect-exit:", err)
		return 2
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	got := 0
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, "expect-exit:", err)
		return 2
	}
	if got != want {
		fmt.Fprintf(os.Stderr, "expect-exit: %q ended with %d, not %d\n", args[1:], got, want)
		return 1
	}
	return 0
}

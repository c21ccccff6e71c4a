//go:build !unix

package objective

import (
	"fmt"
	"os"
	"os/exec"
)

// Where there are no process groups, only the program itself is killed.

func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func terminateGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func describeExit(state *os.ProcessState) string {
	return fmt.Sprintf("left with exit code %d", state.ExitCode())
}

// wasKilled cannot tell here.
func wasKilled(*os.ProcessState) bool { return false }

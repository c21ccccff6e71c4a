//go:build unix

package objective

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts the program into a process group of its own, so that a Ctrl-C
// on the terminal does not reach it and so that it can be killed with
// everything that it starts.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the program's process group. One that is gone is no error.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// terminateGroup asks the program and what it started to end.
func terminateGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// wasKilled reports whether somebody, or the kernel for want of memory, ended
// the process: SIGKILL is no process's own mistake.
func wasKilled(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// describeExit says how a process ended.
func describeExit(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	switch {
	case !ok || !status.Signaled():
		return fmt.Sprintf("left with exit code %d", state.ExitCode())
	case wasKilled(state):
		return "was killed by SIGKILL, most likely because the machine ran out of memory"
	}
	return "was killed by " + unix.SignalName(status.Signal())
}

package lost

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// WorkerName tells people who runs a trial.
func WorkerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// DeadHere reports whether a worker's name, HOST:PID as [WorkerName] writes it
// and perhaps more after it, is that of a process of this machine that has
// ended.
func DeadHere(worker string) bool {
	if !Here(worker) {
		return false
	}
	_, rest, _ := strings.Cut(worker, ":")
	digits := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = rest[:i]
	}
	pid, err := strconv.Atoi(digits)
	if err != nil || pid <= 0 {
		return false
	}
	return deadProcess(pid)
}

// Here reports whether a worker's name is that of a process of this machine.
func Here(worker string) bool {
	host, _, ok := strings.Cut(worker, ":")
	own, err := os.Hostname()
	return ok && err == nil && host == own
}

// deadProcess reports whether a process has ended, even if nobody has
// collected its status yet or another program has its number now.
func deadProcess(pid int) bool {
	if own, _, ok := processState(os.Getpid()); ok { // Linux
		name, state, alive := processState(pid)
		return !alive || state == "Z" || state == "X" || name != own
	}
	process, err := os.FindProcess(pid)
	return err == nil && errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// processState reads /proc/PID/stat: the program's name and the state's letter.
func processState(pid int) (name, state string, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", "", false
	}
	// pid (name) state …, where the name may hold anything.
	text := string(data)
	open, end := strings.Index(text, "("), strings.LastIndex(text, ") ")
	if open < 0 || end < open || len(text) < end+3 {
		return "", "", false
	}
	return text[open+1 : end], text[end+2 : end+3], true
}

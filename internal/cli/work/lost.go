package work

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// recover ends the leases of the running trials of processes of this machine
// that are dead, so that somebody takes the trials over at once. Should a
// process be alive after all, out of sight in a container of the same host
// name, its trial is fenced and runs once more; nothing is counted twice.
//
// They are not given back as by a worker that leaves: the attempt counts, so
// that a trial which brings its worker down, by using up the memory perhaps, is
// not started for ever.
func (j *Job) recover(ctx context.Context, shown display) error {
	running, err := j.Store.Trials(ctx, j.Study.ID, search.TrialQuery{States: []search.State{search.Running}, After: -1, Brief: true})
	if err != nil {
		return err
	}
	for _, t := range running {
		if !deadHere(t.Worker) {
			continue
		}
		claim := search.Claim{StudyID: j.Study.ID, TrialID: t.ID, Number: t.Number, Attempt: t.Attempt, Worker: t.Worker}
		err := j.Store.Renew(ctx, claim, time.Nanosecond)
		if errors.Is(err, search.ErrFenced) || errors.Is(err, search.ErrFinished) {
			continue // another worker was quicker
		}
		if err != nil {
			return fmt.Errorf("taking trial %d over from the lost worker %s: %w", t.Number, t.Worker, err)
		}
		shown.say(fmt.Sprintf("trial %d  its worker %s is dead; it is free to be taken over", t.Number, t.Worker))
	}
	return nil
}

// deadHere reports whether a worker's name, HOST:PID as workerName writes it
// and perhaps more after it, is that of a process of this machine that has
// ended.
func deadHere(worker string) bool {
	if !here(worker) {
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

// here reports whether a worker's name is that of a process of this machine.
func here(worker string) bool {
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

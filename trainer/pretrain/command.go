package pretrain

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// The exit codes of [Command], those of both programs.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Command executes "hpsearch-trainer pretrain" with its arguments and returns
// the exit code. The result and the help go to out, the rest to errOut.
func Command(args []string, out, errOut io.Writer) int {
	failed := func(err error, code int) int {
		fmt.Fprintln(errOut, "hpsearch-trainer pretrain:", err)
		return code
	}
	l, err := parse(args)
	switch {
	case err != nil:
		return failed(err, exitUsage)
	case l.help != "":
		if _, err := io.WriteString(out, l.help); err != nil {
			return failed(err, exitFailed)
		}
		return exitOK
	}
	o := &l.options
	stopped, release := interrupts()
	defer release()
	o.Stopped = stopped
	shown := &display{w: errOut, terminal: isTerminal(errOut)}
	o.Hooks = Hooks{Log: shown.line, Report: shown.report, Progress: shown.progress}
	result, err := Run(*o)
	shown.clear()
	switch {
	case errors.Is(err, ErrStopped):
		fmt.Fprintln(errOut, "hpsearch-trainer pretrain: stopped; the same command goes on from here")
		return exitInterrupted
	case err != nil:
		return failed(err, exitFailed)
	}
	if err := result.write(out, l.output); err != nil {
		return failed(err, exitFailed)
	}
	return exitOK
}

// interrupts returns a channel that is closed by the first Ctrl-C (or
// SIGTERM); a second one ends the process.
func interrupts() (stopped <-chan struct{}, release func()) {
	signals, closed := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; ok {
			signal.Stop(signals)
			close(closed)
		}
	}()
	return closed, func() {
		signal.Stop(signals)
		close(signals)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A display shows progress: one line that changes on a terminal, lines
// with the time elsewhere.
type display struct {
	w        io.Writer
	terminal bool
	shown    bool
	last     time.Time
}

// progressEvery limits how often the changing line is drawn.
const progressEvery = 200 * time.Millisecond

func (d *display) progress(step, total int) {
	if now := time.Now(); d.terminal && now.Sub(d.last) >= progressEvery {
		d.last, d.shown = now, true
		// \r and "erase the line" (ECMA-48 EL 2) redraw it in place.
		fmt.Fprintf(d.w, "\r\x1b[2Kpretrain %d/%d", step, total)
	}
}

func (d *display) report(step int, metrics map[string]float64) {
	parts := make([]string, 0, len(metrics))
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		parts = append(parts, fmt.Sprintf("%s %.6g", name, metrics[name]))
	}
	d.line("step %d: %s", step, strings.Join(parts, ", "))
}

func (d *display) line(format string, args ...any) {
	d.clear()
	fmt.Fprintf(d.w, time.Now().UTC().Format("15:04:05 ")+format+"\n", args...)
}

func (d *display) clear() {
	if d.shown {
		fmt.Fprint(d.w, "\r\x1b[2K")
		d.shown = false
	}
}

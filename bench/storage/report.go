package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// head says what was measured on what.
func (b *bench) head(report *bytes.Buffer) {
	fmt.Fprintf(report, "# Storage\n\nWritten by `make bench-storage` on %s. %s on %s/%s, %d cores (%s).\n",
		time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor())
	for _, program := range [][]string{{"psql", "--version"}, {"mariadb", "--version"}} {
		if out, err := exec.Command(program[0], program[1:]...).Output(); err == nil {
			fmt.Fprintf(report, "%s. ", strings.TrimSpace(string(out)))
		}
	}
	if b.python != "" {
		var v map[string]string
		if err := b.peer(context.Background(), &v, "versions", "-"); err == nil {
			fmt.Fprintf(report, "Optuna %s with SQLAlchemy %s on Python %s.", v["optuna"], v["sqlalchemy"], v["python"])
		}
	}
	disk := "an unknown time"
	if t, err := syncTime(b.dir); err == nil {
		disk = fmt.Sprintf("%.2f ms", t.Seconds()*1000)
	}
	fmt.Fprintf(report, `
Commits wait for the disk: a write of 4 KB that does took %s in the median when
this began. The load of the machine was %s, with %d cores: what else ran on it
makes the figures worse, on both sides.

`, disk, load(), runtime.NumCPU())
}

// processor is the name of the processor where Linux says it.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				return strings.Trim(name, " \t:\n")
			}
		}
	}
	return "unknown processor"
}

// load is the machine's load average where Linux says it.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if first, _, ok := strings.Cut(string(data), " "); err == nil && ok {
		return first
	}
	return "unknown"
}

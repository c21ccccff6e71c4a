package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// rates measures trials per second.
func (b *bench) rates(ctx context.Context, report *bytes.Buffer) error {
	fmt.Fprintf(report, `## Durable trials per second

A trial is created with %d parameters, reports %d times, and ends; at its end
the database has it on the disk. The storage gives the numbers.
Optuna's are made through its storage's methods, without a sampler. Goals:
1,000/s and 20 times Optuna with one process, 1,500/s with 8 on SQLite,
3,000/s with 32 on PostgreSQL.

| database | processes | hpsearch | Optuna | times |
|---|---|---|---|---|
`, parameters, reports)
	for _, c := range []struct {
		kind      dbtest.Kind // empty: SQLite
		processes int
		trials    int // of ours; Optuna runs fewer
		theirs    int
	}{
		{"", 1, 4000, 100}, {"", 8, 6000, 80}, {dbtest.PostgreSQL, 1, 2000, 100},
		{dbtest.PostgreSQL, 32, 9600, 320}, {dbtest.MariaDB, 8, 2000, 80},
	} {
		if err := b.rate(ctx, report, c.kind, c.processes, b.scaled(c.trials), b.scaled(c.theirs)); err != nil {
			return fmt.Errorf("%s, %d processes: %w", name(c.kind), c.processes, err)
		}
	}
	fmt.Fprintln(report)
	return nil
}

func name(kind dbtest.Kind) string {
	switch kind {
	case dbtest.PostgreSQL:
		return "PostgreSQL"
	case dbtest.MariaDB:
		return "MariaDB"
	}
	return "SQLite"
}

// rate writes a line of the table.
func (b *bench) rate(ctx context.Context, report *bytes.Buffer, kind dbtest.Kind, processes, trials, theirs int) (err error) {
	fresh := func(of string) (string, error) {
		return "sqlite:///" + filepath.Join(b.dir, fmt.Sprintf("%s-%d.db", of, processes)), nil
	}
	if kind != "" {
		server, err := dbtest.Start(kind, dbtest.Options{Durable: true, Folder: b.folder})
		if errors.Is(err, dbtest.ErrMissing) {
			fmt.Fprintf(report, "| %s | %d | not installed | | |\n", name(kind), processes)
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Close()) }()
		fresh = func(string) (string, error) { return server.NewDatabase(ctx) }
	}
	url, err := fresh("ours")
	if err != nil {
		return err
	}
	ours, err := b.ours(ctx, url, processes, trials)
	if err != nil {
		return err
	}
	if b.python == "" {
		fmt.Fprintf(report, "| %s | %d | %.0f | | |\n", name(kind), processes, ours)
		return nil
	}
	if url, err = fresh("theirs"); err != nil {
		return err
	}
	peer, err := b.peerRate(ctx, url, processes, theirs)
	if err != nil {
		return err
	}
	fmt.Fprintf(report, "| %s | %d | %.0f | %.1f | %.0f |\n", name(kind), processes, ours, peer, ours/peer)
	return nil
}

// ours returns the trials per second of so many processes.
func (b *bench) ours(ctx context.Context, url string, processes, trials int) (rate float64, err error) {
	err = use(ctx, url, func(l life) error {
		if processes == 1 {
			rate, err = l.alone(ctx, trials)
		} else {
			rate, err = l.together(ctx, url, processes, trials)
		}
		return err
	})
	return rate, err
}

// alone returns the trials per second of this process.
func (l life) alone(ctx context.Context, trials int) (float64, error) {
	const before = 50 // which prepare statements
	if err := l.several(ctx, 0, before); err != nil {
		return 0, err
	}
	began := time.Now()
	err := l.several(ctx, before, before+trials)
	return float64(trials) / time.Since(began).Seconds(), err
}

// together returns the trials per second of several processes; the time that
// they take to start counts.
func (l life) together(ctx context.Context, url string, processes, trials int) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	children := make([]*exec.Cmd, processes)
	for i := range children {
		children[i] = exec.CommandContext(ctx, self, "-child", url, "-trials", strconv.Itoa(trials/processes))
		children[i].Stderr = os.Stderr
		if err := children[i].Start(); err != nil {
			return 0, err
		}
	}
	var errs []error
	for _, child := range children {
		errs = append(errs, child.Wait())
	}
	took := time.Since(began).Seconds()
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	counts, err := l.store.Counts(ctx, l.study.ID)
	if want := trials / processes * processes; err == nil && (counts.Complete != want || counts.Total() != want) {
		err = fmt.Errorf("%d of %d trials are complete, want %d", counts.Complete, counts.Total(), want)
	}
	return float64(counts.Complete) / took, err
}

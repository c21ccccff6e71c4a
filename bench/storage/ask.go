package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hpsearch/hpsearch/search/study"
)

// ask measures asking and telling with tpe, in studies of several lengths.
// Optuna asks on a copy of the same database.
func (b *bench) ask(ctx context.Context, report *bytes.Buffer) error {
	fmt.Fprintf(report, `## Ask and tell

tpe, %d parameters, SQLite, durable: milliseconds for an ask and a tell, the
median. Optuna's TPESampler reads the same study from a copy of the database.
Goals: 1, 1.5 and 4 ms.

| trials so far | hpsearch | Optuna | times |
|---|---|---|---|
`, parameters)
	for _, length := range []int{100, 1000, 10_000} {
		path := filepath.Join(b.dir, fmt.Sprint("ask-", length, ".db"))
		if err := populate(ctx, "sqlite:///"+path, length); err != nil {
			return err
		}
		if err := copyFile(path, path+".theirs"); err != nil {
			return err
		}
		ours, err := askAndTell(ctx, "sqlite:///"+path, b.scaled(100))
		if err != nil {
			return err
		}
		if b.python == "" {
			fmt.Fprintf(report, "| %d | %.2f | | |\n", length, ours.median)
			continue
		}
		theirs, err := b.peerAsk(ctx, "sqlite:///"+path+".theirs", b.scaled(20))
		if err != nil {
			return err
		}
		fmt.Fprintf(report, "| %d | %.2f | %.0f | %.0f |\n", length, ours.median, theirs, theirs/ours.median)
	}
	fmt.Fprintln(report)
	return nil
}

// populate makes a study of so many finished trials.
func populate(ctx context.Context, url string, trials int) error {
	l, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer l.store.Close()
	l.reports = 0
	for number := range trials {
		if err := l.run(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

func askAndTell(ctx context.Context, url string, n int) (times, error) {
	l, err := open(ctx, url)
	if err != nil {
		return times{}, err
	}
	defer l.store.Close()
	l.study.Definition.Sampler.Kind = "tpe"
	s, err := study.Open(l.store, l.study, study.Options{})
	if err != nil {
		return times{}, err
	}
	defer s.Close(ctx)
	took := make([]time.Duration, 0, n)
	for i := range n + 1 {
		began := time.Now()
		trial, err := s.Ask(ctx)
		if err != nil {
			return times{}, err
		}
		value := 0.0
		for _, v := range trial.Params {
			value += (v - 0.3) * (v - 0.3)
		}
		if err := s.Tell(ctx, trial.Number, value); err != nil {
			return times{}, err
		}
		if i > 0 { // the first reads the study
			took = append(took, time.Since(began))
		}
	}
	return spread(took), nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	return err
}

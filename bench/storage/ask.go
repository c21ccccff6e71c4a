package main

import (
	"bytes"
	"context"
	"errors"
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
		ours, err := askCopies(ctx, path, b.scaled(askCopiesOf), asked)
		if err != nil {
			return err
		}
		if b.python == "" {
			fmt.Fprintf(report, "| %d | %.2f | | |\n", length, ours.median)
			continue
		}
		theirs, err := b.peerAsk(ctx, "sqlite:///"+path+".theirs", asked)
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
	return use(ctx, url, func(l life) error {
		l.reports = 0
		return l.several(ctx, 0, trials)
	})
}

// asked is how often a study is asked: seldom, so that the last trial comes
// after about as many as the first. Ours is asked in askCopiesOf copies.
const asked, askCopiesOf = 20, 5

// askCopies asks n times in each of some copies of a database.
func askCopies(ctx context.Context, path string, copies, n int) (times, error) {
	var took []time.Duration
	for i := range copies {
		copied := fmt.Sprint(path, ".", i)
		if err := copyFile(path, copied); err != nil {
			return times{}, err
		}
		some, err := askAndTell(ctx, "sqlite:///"+copied, n)
		if err != nil {
			return times{}, err
		}
		took = append(took, some...)
	}
	return spread(took), nil
}

// askAndTell measures n times in the study at url.
func askAndTell(ctx context.Context, url string, n int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, n)
	err := use(ctx, url, func(l life) (err error) {
		l.study.Definition.Sampler.Kind = "tpe"
		s, err := study.Open(l.store, l.study, study.Options{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close(ctx)) }()
		for i := range n + 1 {
			began := time.Now()
			if err := askAndTellOnce(ctx, s); err != nil {
				return err
			}
			if i > 0 { // the first reads the study
				took = append(took, time.Since(began))
			}
		}
		return nil
	})
	return took, err
}

func askAndTellOnce(ctx context.Context, s *study.Study) error {
	trial, err := s.Ask(ctx)
	if err != nil {
		return err
	}
	value := 0.0
	for _, v := range trial.Params {
		value += (v - 0.3) * (v - 0.3)
	}
	return s.Tell(ctx, trial.Number, value)
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

package storage

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// behindProxy opens a database through a proxy; its repetitions do not wait.
func behindProxy(t *testing.T, kind dbtest.Kind) (*sqlStore, *proxy) {
	t.Helper()
	u, err := url.Parse(dbtest.Database(t, kind))
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, u.Host)
	u.Host = p.addr()
	s := openURL(t, u.String())
	t.Cleanup(func() { s.Close() })
	s.retry.first = time.Millisecond
	return s, p
}

// TestLostAnswers cuts the connection at every point of every write. Whether
// it was done before the cut or not, it is done once in the end.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s, p := behindProxy(t, kind)
			const points = 16 // more than any write has answers
			for n := 1; n <= points; n++ {
				lostAnswer(t, s, p, n)
			}
			if cuts := p.cuts.Load(); cuts < 3*points {
				t.Errorf("only %d cuts", cuts)
			}
		})
	}
}

// lostAnswer runs a study in which every write loses its n-th answer.
func lostAnswer(t *testing.T, s *sqlStore, p *proxy, n int) {
	t.Helper()
	ctx := t.Context()
	step := func(name string, f func() error) {
		t.Helper()
		p.cutAfter(n)
		if err := f(); err != nil {
			t.Fatalf("cut after %d: %s: %v", n, name, err)
		}
		p.cutAfter(0)
	}
	def := search.Definition{Name: fmt.Sprint("s", n), Enqueue: []map[string]any{{"x": 1.5}}}
	var study *search.Study
	step("CreateStudy", func() (err error) { study, err = s.CreateStudy(ctx, def); return err })
	step("Enqueue", func() error {
		number, err := s.Enqueue(ctx, study.ID, map[string]any{"x": 2.5})
		same(t, "enqueued", number, 1)
		return err
	})
	trial := search.NewTrial{Params: map[string]float64{"x": 0.5}, Distributions: map[string]search.Distribution{"x": search.Float{Low: 0, High: 1}}}
	for _, number := range []int{2, search.NextNumber} {
		trial.Number = number
		step("Start", func() error {
			claim, err := s.Start(ctx, study.ID, trial, "w", time.Hour, 0)
			if err != nil {
				return err
			}
			step("Report", func() error { return s.Report(ctx, claim, search.Report{Step: 1, Value: 2}) })
			step("Renew", func() error { return s.Renew(ctx, claim, time.Hour) })
			step("Finish", func() error {
				return s.Finish(ctx, claim, search.Outcome{State: search.Complete, Values: []float64{float64(claim.Number)}})
			})
			return nil
		})
	}
	var claimed []int
	for range 2 {
		step("Claim", func() error {
			_, claim, err := s.Claim(ctx, study.ID, "w", time.Hour, 3)
			if err != nil {
				return err
			}
			claimed = append(claimed, claim.Number)
			same(t, "attempt", claim.Attempt, 1)
			step("SetParams", func() error { return s.SetParams(ctx, claim, trial.Params, trial.Distributions) })
			if len(claimed) == 1 {
				step("Finish", func() error {
					return s.Finish(ctx, claim, search.Outcome{State: search.Failed, Reason: "error", Message: "m"})
				})
				return nil
			}
			step("Release", func() error { return s.Release(ctx, claim) })
			return nil
		})
	}
	// The connection that was cut may hold its lock for a moment; then the next
	// trial is claimed first.
	slices.Sort(claimed)
	same(t, "claimed", claimed, []int{0, 1})
	step("SetPaused", func() error { return s.SetPaused(ctx, study.ID, true) })
	counts, err := s.Counts(ctx, study.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, fmt.Sprintf("counts, cut after %d", n), counts, search.Counts{Waiting: 1, Complete: 2, Fail: 1})
	if n%2 == 0 {
		step("DeleteStudy", func() error { return s.DeleteStudy(ctx, study.ID) })
	}
}

// TestRestart stops the server in the middle of a study; its workers notice
// only that it takes longer.
func TestRestart(t *testing.T) {
	t.Parallel()
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server, err := dbtest.Start(kind, dbtest.Options{})
			if err != nil {
				dbtest.Missing(t, err)
			}
			defer server.Close()
			databaseURL, err := server.NewDatabase(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s := openURL(t, databaseURL)
			defer s.Close()
			study, err := s.CreateStudy(t.Context(), search.Definition{Name: "s"})
			if err != nil {
				t.Fatal(err)
			}
			const trials = 400
			done := make(chan error)
			half := make(chan struct{})
			go func() {
				for n := range trials {
					if n == trials/4 {
						close(half)
					}
					if err := oneTrial(t.Context(), s, study.ID, n); err != nil {
						done <- fmt.Errorf("trial %d: %w", n, err)
						return
					}
				}
				done <- nil
			}()
			<-half
			server.Stop()
			if err := server.Resume(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			counts, err := s.Counts(t.Context(), study.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "counts", counts, search.Counts{Complete: trials})

			// A server that stays away is given up, in one clear line.
			server.Stop()
			s.retry.limit = 20 * time.Millisecond
			_, err = s.Counts(t.Context(), study.ID)
			if err == nil || !strings.Contains(err.Error(), "the server does not answer") ||
				strings.Contains(err.Error(), dbtest.Password) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestTransactionEndedByServer lets the server end a connection in the middle of
// a transaction, as it does with one that is idle in it for too long: the
// transaction is done again, as a whole.
func TestTransactionEndedByServer(t *testing.T) {
	t.Parallel()
	kill := map[dbtest.Kind]string{
		dbtest.PostgreSQL: "SELECT pg_terminate_backend(pg_backend_pid())",
		dbtest.MariaDB:    "KILL CONNECTION_ID()",
	}
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := openURL(t, dbtest.Database(t, kind))
			defer s.Close()
			runs := 0
			err := s.update(t.Context(), "test", func(tx *gorm.DB) error {
				runs++
				if err := tx.Create(&studyRow{StudyName: "s"}).Error; err != nil || runs > 1 {
					return err
				}
				tx.Exec(kill[kind])
				return tx.Exec("SELECT 1").Error
			})
			if err != nil || runs != 2 {
				t.Fatalf("%d runs, %v", runs, err)
			}
			summaries, err := s.Summaries(t.Context())
			if err != nil || len(summaries) != 1 {
				t.Errorf("%d studies, %v", len(summaries), err)
			}
		})
	}
}

// TestFatal sees that what SQL itself refuses is not tried again.
func TestFatal(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		s := openURL(t, url)
		defer s.Close()
		study, err := s.CreateStudy(t.Context(), search.Definition{Name: "s"})
		if err != nil {
			t.Fatal(err)
		}
		execute(t, s, "DROP TABLE hpsearch_reports", "DROP TABLE trial_params")
		began := time.Now()
		trial := search.NewTrial{Params: map[string]float64{"x": 0.5}, Distributions: map[string]search.Distribution{"x": search.Float{Low: 0, High: 1}}}
		_, err = s.Start(t.Context(), study.ID, trial, "w", time.Hour, 0)
		if err == nil || !strings.Contains(err.Error(), "trial_params") || time.Since(began) > s.retry.limit+10*time.Second {
			t.Errorf("error %v after %s", err, time.Since(began))
		}
		counts, err := s.Counts(t.Context(), study.ID)
		if err != nil || counts != (search.Counts{}) {
			t.Errorf("half a trial is left: %+v, %v", counts, err)
		}
	})
}

// TestCredentialsRefused opens databases with a wrong password and by a wrong
// name.
func TestCredentialsRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(dbtest.Database(t, kind))
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword(dbtest.User, "hush-hush")
			_, err = Open(t.Context(), u.String())
			if err == nil || !strings.Contains(err.Error(), "refuses the user or password") || strings.Contains(err.Error(), "hush") {
				t.Errorf("a wrong password: %v", err)
			}
			u.User = url.UserPassword(dbtest.User, dbtest.Password)
			u.Path = "/none"
			_, err = Open(t.Context(), u.String())
			if err == nil || !strings.Contains(err.Error(), "no such database") || errors.Is(err, search.ErrNotFound) {
				t.Errorf("no database: %v", err)
			}
		})
	}
}

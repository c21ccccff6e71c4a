package storage

import (
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// secondsLeft is how Optuna computes a heartbeat's age, the other way round.
var secondsLeft = map[string]string{
	sqliteName:   "SELECT (julianday(heartbeat) - julianday(CURRENT_TIMESTAMP)) * 86400 FROM trial_heartbeats WHERE trial_id = ?",
	postgresName: "SELECT EXTRACT(EPOCH FROM heartbeat - now()::timestamp)::float8 FROM trial_heartbeats WHERE trial_id = ?",
	mysqlName:    "SELECT TIMESTAMPDIFF(SECOND, NOW(), heartbeat) FROM trial_heartbeats WHERE trial_id = ?",
}

// TestHeartbeats looks at trials as an Optuna worker with heartbeats does,
// which fails those whose last sign of life is old: ours last as long as their
// leases, and a trial that nobody runs gives none.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		s := openURL(t, url)
		defer s.Close()
		ctx := t.Context()
		study, err := s.CreateStudy(ctx, search.Definition{Name: "s"})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(what string, trialID int64, lease time.Duration) {
			t.Helper()
			var left []float64
			if err := s.read.Raw(secondsLeft[s.dialect.name], trialID).Scan(&left).Error; err != nil {
				t.Fatal(err)
			}
			if lease == 0 && len(left) == 0 {
				return
			}
			const slack = 60
			if len(left) != 1 || left[0] > lease.Seconds()+2 || left[0] < lease.Seconds()-slack {
				t.Errorf("%s: heartbeats %v s from now, want one %v from now", what, left, lease)
			}
		}
		claim, err := s.Start(ctx, study.ID, search.NewTrial{}, "w", time.Hour, 0)
		if err != nil {
			t.Fatal(err)
		}
		expect("started", claim.TrialID, time.Hour)
		if err := s.Renew(ctx, claim, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		expect("renewed", claim.TrialID, 3*time.Hour)
		if err := s.Release(ctx, claim); err != nil {
			t.Fatal(err)
		}
		expect("given back", claim.TrialID, 0)
		_, claim, err = s.Claim(ctx, study.ID, "w", 2*time.Hour, 3)
		if err != nil {
			t.Fatal(err)
		}
		expect("claimed", claim.TrialID, 2*time.Hour)

		// What runs without a lease of ours is Optuna's, however long.
		execute(t, s, "INSERT INTO trials (number, study_id, state) VALUES (1, 1, 'RUNNING')",
			"INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, '2001-01-01 00:00:00' FROM trials WHERE number = 1")
		if _, _, err := s.Claim(ctx, study.ID, "w", time.Hour, 3); !isNothing(err) {
			t.Errorf("a trial of Optuna's was claimed: %v", err)
		}
	})
}

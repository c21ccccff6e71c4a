package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", to fill a database quickly

	"github.com/hpsearch/hpsearch/storage"
)

// list measures `hpsearch study list` with a million trials.
func (b *bench) list(ctx context.Context, report *bytes.Buffer) error {
	path := filepath.Join(b.dir, "list.db")
	studies, each := b.scaled(1000), 1000
	if err := fillStudies(ctx, path, studies, each); err != nil {
		return err
	}
	took := make([]time.Duration, 11)
	for i := range took {
		cmd := exec.CommandContext(ctx, b.hpsearch, "study", "list", "-o", "json")
		cmd.Env = append(os.Environ(), "HPSEARCH_STORAGE=sqlite:///"+path)
		cmd.Stderr = os.Stderr
		began := time.Now()
		out, err := cmd.Output()
		took[i] = time.Since(began)
		if err != nil {
			return fmt.Errorf("%s study list: %w", b.hpsearch, err)
		}
		if n := bytes.Count(out, []byte(`"name"`)); n != studies {
			return fmt.Errorf("%d studies are listed, want %d", n, studies)
		}
	}
	t := spread(took)
	fmt.Fprintf(report, "## Reading\n\n`hpsearch study list` with %d studies and %d trials on SQLite, the program's start included: %.0f ms (median of %d). Goal: 300 ms.\n\n",
		studies, studies*each, t.median, len(took))
	return nil
}

// fillStudies makes studies by the store and gives them finished trials, of
// which the database writes most itself.
func fillStudies(ctx context.Context, path string, studies, each int) (err error) {
	store, err := storage.Open(ctx, "sqlite:///"+path)
	if err != nil {
		return err
	}
	for i := range studies {
		if _, err := store.CreateStudy(ctx, definition(fmt.Sprint("study-", i), "random")); err != nil {
			return err
		}
	}
	if err := store.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range []string{
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
			SELECT n.i, s.study_id, CASE n.i %% 10 WHEN 0 THEN 'FAIL' WHEN 1 THEN 'PRUNED' ELSE 'COMPLETE' END,
				'2026-01-02 03:04:05.000000', '2026-01-02 03:05:05.000000'
			FROM studies s, n`, each-1),
		`INSERT INTO trial_values (trial_id, objective, value, value_type)
			SELECT trial_id, 0, (trial_id * 7919 % 100003) / 100003.0, 'FINITE' FROM trials WHERE state = 'COMPLETE'`,
		`INSERT INTO hpsearch_trials (trial_id, attempt, released, worker, reason, message, metrics_json, artifacts_json)
			SELECT trial_id, 1, 0, 'bench', '', '', '', '' FROM trials`,
		`INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
			SELECT trial_id, 'x0', 0.5, '{"name":"FloatDistribution","attributes":{"step":null,"low":0,"high":1,"log":false}}' FROM trials`,
		"ANALYZE",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("filling the database: %w", err)
		}
	}
	return nil
}

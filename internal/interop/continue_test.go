package interop_test

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// cliTrial is an element of `trial list -o json`.
type cliTrial struct {
	Number       int
	State        string
	Value        *float64
	Params       map[string]any
	Intermediate []struct {
		Step int
	}
}

// TestContinuesOptunas makes a study with Optuna and shows, continues and
// lists it with hpsearch.
func TestContinuesOptunas(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *site) {
		output(t, peer(t, "make", s.sql, "theirs"))
		before := s.dump(t, "theirs")

		var shown struct {
			Direction, Metric string
			Trials            map[string]int
		}
		decode(t, output(t, s.hpsearch(t, "study", "show", "theirs", "-o", "json")), &shown)
		same(t, "direction", shown.Direction, "maximize")
		same(t, "metric", shown.Metric, "accuracy")
		same(t, "counts", shown.Trials, map[string]int{"waiting": 1, "running": 0, "complete": 2, "pruned": 1, "fail": 1})
		same(t, "list", strings.Fields(string(output(t, s.hpsearch(t, "study", "list", "-o", "name")))), []string{"theirs"})

		// The enqueued trial is run.
		var asked struct {
			Number int
			Params map[string]any
		}
		decode(t, output(t, s.hpsearch(t, "ask", "theirs", "-o", "json")), &asked)
		same(t, "asked", asked.Number, 4)
		same(t, "x, which is enqueued", asked.Params["x"], any(0.5))
		same(t, "c, which is enqueued", asked.Params["c"], any(true))
		// The rest is suggested in the ranges of the earlier trials.
		same(t, "distributions", s.dump(t, "theirs").Trials[4].Distributions, before.Trials[0].Distributions)
		output(t, s.hpsearch(t, "tell", "theirs", "4", "7"))

		var trials []cliTrial
		decode(t, output(t, s.hpsearch(t, "trial", "list", "theirs", "-o", "json")), &trials)
		after := s.dump(t, "theirs")
		same(t, "trials", len(trials), len(after.Trials))
		for i, trial := range trials {
			same(t, "number", trial.Number, i)
			same(t, "state", trial.State, after.Trials[i].State)
			same(t, "params", trial.Params, after.Trials[i].Params)
			if i < len(before.Trials)-1 {
				same(t, "a finished trial", after.Trials[i], before.Trials[i])
			}
		}
		same(t, "told", after.Trials[4].Values, []any{7.0})
		var one cliTrial
		decode(t, output(t, s.hpsearch(t, "trial", "show", "theirs", "0", "-o", "json")), &one)
		same(t, "steps", len(one.Intermediate), 4)
		var best cliTrial
		decode(t, output(t, s.hpsearch(t, "best", "theirs", "-o", "json")), &best)
		same(t, "best", best.Number, *after.Best)
		s.listed(t, after)
		s.compare(t, "theirs", after)

		// What takes a study file says how the study gets one.
		s.refuses(t, "study adopt theirs -f FILE gives it one", "export", "theirs", "--to", filepath.Join(s.dir, "model"))
	})
}

// listed compares the table for spreadsheets.
func (s *site) listed(t *testing.T, want peerStudy) {
	t.Helper()
	table := string(output(t, s.hpsearch(t, "trial", "list", "theirs", "-o", "csv")))
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %s", err, table)
	}
	same(t, "rows", len(rows)-1, len(want.Trials))
	column := map[string]int{}
	for i, name := range rows[0] {
		column[strings.ToLower(name)] = i
	}
	for i, trial := range want.Trials {
		row := rows[i+1]
		same(t, "number", row[column["number"]], strconv.Itoa(trial.Number))
		same(t, "state", row[column["state"]], trial.State)
		if len(trial.Values) == 1 {
			value, err := json.Marshal(trial.Values[0])
			if err != nil {
				t.Fatal(err)
			}
			same(t, "value", row[column["value"]], string(value))
		}
	}
}

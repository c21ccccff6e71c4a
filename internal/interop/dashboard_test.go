package interop_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDashboard serves a study of ours with optuna-dashboard.
func TestDashboard(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *site) {
		s.create(t, "ran", ranStudy)
		output(t, s.hpsearch(t, "run", "ran"))
		want := s.dump(t, "ran")
		address := s.dashboard(t)

		var list struct {
			Studies []struct {
				ID   int    `json:"study_id"`
				Name string `json:"study_name"`
			} `json:"study_summaries"`
		}
		decode(t, get(t, address+"/api/studies"), &list)
		if len(list.Studies) != 1 || list.Studies[0].Name != "ran" {
			t.Fatalf("studies %+v", list.Studies)
		}
		var study struct {
			Trials []struct {
				Number       int
				State        string
				Values       []any
				Intermediate []struct {
					Step  int
					Value any
				} `json:"intermediate_values"`
				Params []struct{ Name string }
			}
		}
		decode(t, get(t, fmt.Sprintf("%s/api/studies/%d", address, list.Studies[0].ID)), &study)
		if len(study.Trials) != len(want.Trials) {
			t.Fatalf("%d trials, want %d", len(study.Trials), len(want.Trials))
		}
		for i, trial := range study.Trials {
			same(t, "number", trial.Number, i)
			same(t, "state", strings.ToUpper(trial.State), strings.ToUpper(want.Trials[i].State))
			if !slices.Contains(want.Trials[i].Values, any("-Infinity")) { // the dashboard has a word of its own for it
				same(t, "values", trial.Values, want.Trials[i].Values)
			}
			same(t, "parameters", len(trial.Params), len(want.Trials[i].Params))
			for _, step := range trial.Intermediate {
				if v, ok := want.Trials[i].Intermediate[strconv.Itoa(step.Step)].(float64); ok {
					same(t, "step", step.Value, any(v))
				}
			}
			same(t, "steps", len(trial.Intermediate), len(want.Trials[i].Intermediate))
		}
		if table := string(get(t, fmt.Sprintf("%s/csv/%d", address, list.Studies[0].ID))); strings.Count(table, "\n") != len(want.Trials)+1 {
			t.Errorf("the dashboard's table is\n%s", table)
		}
	})
}

// dashboard starts optuna-dashboard and returns its address once it listens.
func (s *site) dashboard(t *testing.T) string {
	t.Helper()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := peer(t, "dashboard", s.sql, port)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		// It says so right before it binds the port.
		if strings.HasPrefix(lines.Text(), "Hit Ctrl-C") {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return "http://" + address
		}
	}
	t.Fatalf("optuna-dashboard ended: %v", lines.Err())
	return ""
}

// get fetches a page, again while nobody listens yet.
func get(t *testing.T, url string) []byte {
	t.Helper()
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil && t.Context().Err() == nil && strings.Contains(err.Error(), "connection refused") {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("GET %s: %s, %v\n%s", url, response.Status, err, body)
		}
		return body
	}
}

package lost

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

func TestHere(t *testing.T) {
	t.Parallel()
	own := WorkerName()
	for worker, want := range map[string]bool{own: true, own + "1": true, "elsewhere.invalid:7": false, "": false, "nobody": false} {
		if Here(worker) != want {
			t.Errorf("Here(%q) is not %v", worker, want)
		}
	}
}

// TestRunning: a trial is lost when its lease is over, or its worker's process
// is known to be dead, and not before.
func TestRunning(t *testing.T) {
	t.Parallel()
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	host, _, _ := strings.Cut(WorkerName(), ":")
	store, err := storage.Open(t.Context(), storage.MemoryURL)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	study, err := store.CreateStudy(t.Context(), search.Definition{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	workers := []struct {
		name  string
		lease time.Duration
		want  string
	}{
		{WorkerName(), time.Hour, ""},
		{fmt.Sprintf("%s:%d", host, ended.Process.Pid), time.Hour, "is dead; the next hpsearch run takes it over"},
		{"elsewhere:1", time.Nanosecond, "no sign of life from its worker elsewhere:1, whose lease ended"},
		{"elsewhere:2", time.Hour, ""},
	}
	for number, w := range workers {
		if _, err := store.Start(t.Context(), study.ID, search.NewTrial{Number: number}, w.name, w.lease, 0); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Running(t.Context(), store, study)
	if err != nil {
		t.Fatal(err)
	}
	for number, w := range workers {
		if got := found[number]; (got == "") != (w.want == "") || !strings.Contains(got, w.want) {
			t.Errorf("trial of %s: %q, want %q", w.name, got, w.want)
		}
	}
}

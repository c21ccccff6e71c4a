package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A row is one thing that is measured.
type row struct {
	name string
	what string
	// needs says what is missing for the measurement; "" when nothing is.
	needs func(o options) string
	// measure returns named figures.
	measure func(o options) (map[string]float64, error)
}

// A record is a row that was measured.
type record struct {
	Figures figures `json:"figures"`
	// Seconds by the clock, and of all cores together, data loading and test
	// included.
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Threads    int     `json:"threads"`
	Device     string  `json:"device"`
	Libtorch   string  `json:"libtorch"`
	Machine    string  `json:"machine"`
}

// Figures have names. A mean may have no bound, for which JSON has no number: it
// is written as a word.
type figures map[string]float64

// MarshalJSON implements [json.Marshaler].
func (f figures) MarshalJSON() ([]byte, error) {
	values := make(map[string]any, len(f))
	for name, v := range f {
		values[name] = v
		if math.IsInf(v, 0) || math.IsNaN(v) {
			values[name] = fmt.Sprint(v)
		}
	}
	return json.Marshal(values)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *figures) UnmarshalJSON(data []byte) error {
	var values map[string]any
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	*f = make(figures, len(values))
	for name, v := range values {
		number, err := strconv.ParseFloat(fmt.Sprint(v), 64)
		if err != nil {
			return fmt.Errorf("figure %s: %w", name, err)
		}
		(*f)[name] = number
	}
	return nil
}

// path returns where a row is kept: what was measured on a GPU by itself.
func (r row) path(o options) string {
	name := r.name
	if o.device != "cpu" {
		name += "-cuda"
	}
	return filepath.Join(o.keep, name+".json")
}

// kept returns the record of a row, nil if it was not measured.
func (r row) kept(o options) (*record, error) {
	data, err := os.ReadFile(r.path(o))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var record record
	if err := json.Unmarshal(data, &record); err != nil {
		return nil, fmt.Errorf("%s: %w", r.path(o), err)
	}
	return &record, nil
}

func (r row) measureUnlessKept(o options, again bool) error {
	before, err := r.kept(o)
	if err != nil {
		return err
	}
	if before != nil && !again {
		fmt.Fprintf(os.Stderr, "%s: kept from an earlier run\n", r.name)
		return nil
	}
	if missing := r.needs(o); missing != "" {
		fmt.Fprintf(os.Stderr, "%s: left out: %s\n", r.name, missing)
		return nil
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", r.name, r.what)
	start, cpu := time.Now(), cpuSeconds()
	figures, err := r.measure(o)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(record{
		Figures: figures, Seconds: time.Since(start).Seconds(), CPUSeconds: cpuSeconds() - cpu,
		Threads: o.threads, Device: o.device, Libtorch: tensor.Version(), Machine: machine(),
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.keep, 0o755); err != nil {
		return err
	}
	return os.WriteFile(r.path(o), append(data, '\n'), 0o644)
}

// cpuSeconds returns the time that all cores have worked for this process and
// for those that it started and that have ended.
func cpuSeconds() float64 {
	total := 0.0
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			total += time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
		}
	}
	return total
}

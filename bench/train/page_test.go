package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pageOf returns the page of kept records by their rows' names.
func pageOf(t *testing.T, records map[string]record) string {
	t.Helper()
	dir := t.TempDir()
	o := options{keep: dir, out: filepath.Join(dir, "docs", "page.md"), device: "cpu"}
	for name, r := range records {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(row{name: name}.path(o), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := writePage(o); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(o.out)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestPage writes the page of one kept row: its figures stand beside goals, and
// what was not measured says so.
func TestPage(t *testing.T) {
	t.Parallel()
	page := pageOf(t, map[string]record{"omniglot-protonet": {
		Figures: map[string]float64{"5w1s": 98.125, "5w1s_ci95": 0.25, "train_seconds": 61}, Seconds: 80, CPUSeconds: 79,
		Threads: 1, Device: "cpu", Libtorch: "9.9", Machine: "a machine",
	}})
	for _, want := range []string{
		"| ProtoNet | **98.12 ± 0.25**, goal 97, published 98.8 | goal 99, published 99.7 | published 96.0 | published 98.9 | 61 | 79 |",
		"a machine; libtorch 9.9, cpu, 1 thread(s).",
		"no GPU was at hand; `make bench-train FLAGS='-device cuda -only omniglot-protonet'`",
		"| MAML | goal 0.60, published 0.67 |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// Where rows were measured in different places, it is said of each.
func TestPlaces(t *testing.T) {
	t.Parallel()
	records := make(map[string]record)
	for name, machine := range map[string]string{"training-step": "a machine", "freezing-study-plain": "another", "prefix-cache": "a machine"} {
		records[name] = record{Figures: map[string]float64{"ratio": 0.5}, Threads: 1, Device: "cpu", Libtorch: "9.9", Machine: machine}
	}
	page := pageOf(t, records)
	want := "\na machine; libtorch 9.9, cpu, 1 thread(s): training step, epoch with a frozen prefix.\n\nanother; libtorch 9.9, cpu, 1 thread(s): study of 20 trials.\n"
	if !strings.Contains(page, want) {
		t.Errorf("no %q in\n%s", want, page)
	}
}

// TestRows: every line of the page is measured by a row, and names choose rows.
func TestRows(t *testing.T) {
	t.Parallel()
	for _, s := range sections {
		for _, l := range s.lines {
			if !slices.ContainsFunc(rows, func(r row) bool { return r.name == l.row }) {
				t.Errorf("%s: no row %s", s.title, l.row)
			}
			if len(l.cells) != len(s.columns) {
				t.Errorf("%s, %s: %d cells for %d columns", s.title, l.row, len(l.cells), len(s.columns))
			}
		}
	}
	chosen, err := choose("sinusoid-maml,prefix-cache")
	if err != nil || len(chosen) != 2 || chosen[1].name != "prefix-cache" {
		t.Errorf("chosen %v, %v", chosen, err)
	}
	if _, err := choose("sinus"); err == nil {
		t.Error("a row that is not there was chosen")
	}
}

// TestMeasure keeps what was measured, and does not measure it twice.
func TestMeasure(t *testing.T) {
	t.Parallel()
	o := options{keep: filepath.Join(t.TempDir(), "keep"), device: "cpu", threads: 1}
	times := 0
	r := row{name: "r", needs: nothing, measure: func(options) (map[string]float64, error) {
		times++
		return map[string]float64{"x": float64(times), "mean": math.Inf(1)}, nil
	}}
	for i, again := range []bool{false, false, true} {
		if err := r.measureUnlessKept(o, again); err != nil {
			t.Fatal(err)
		}
		want := []float64{1, 1, 2}[i]
		if kept, err := r.kept(o); err != nil || kept.Figures["x"] != want || !math.IsInf(kept.Figures["mean"], 1) || kept.Libtorch == "" {
			t.Errorf("call %d: %+v, %v", i, kept, err)
		}
	}
	r.needs = func(options) string { return "something" }
	if err := r.measureUnlessKept(o, true); err != nil || times != 2 {
		t.Errorf("measured %d times, %v", times, err)
	}
}

// TestRecipesParse: the settings of every recipe are valid on both devices.
func TestRecipesParse(t *testing.T) {
	t.Parallel()
	for _, device := range []string{"cpu", "cuda"} {
		o := options{omniglot: t.TempDir(), device: device, threads: 1}
		recipes := map[string]recipe{"protonet": protonetRecipe(o), "sinusoid": {settings: sinusoidSettings}}
		for _, algorithm := range []string{"maml", "fomaml", "reptile"} {
			recipes[algorithm] = gradientRecipe(algorithm, 1)(o)
		}
		for name, r := range recipes {
			if _, err := r.config(o, nil); err != nil {
				t.Errorf("%s on %s: %v", name, device, err)
			}
			for test, changes := range r.tests {
				if _, err := r.config(o, changes); err != nil {
					t.Errorf("%s on %s, test %s: %v", name, device, test, err)
				}
			}
		}
	}
}

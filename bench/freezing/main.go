package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/objective"
)

type options struct {
	hpsearch, peer, model, wordnet string
	workers, threads               int
	trials, iterations             int
}

// A report is what is printed.
type report struct {
	Trials     int     `json:"trials"`
	Iterations int     `json:"iterations"` // of each
	Workers    int     `json:"workers"`
	Threads    int     `json:"threads"` // of each; 0: as the programs take by themselves
	Ours       *side   `json:"ours"`
	Peer       *side   `json:"peer,omitempty"`
	Ratio      float64 `json:"ours_over_peer,omitempty"` // of wall times
}

// A side is one program's run of the study.
type side struct {
	Seconds      float64 `json:"seconds"`
	Complete     int     `json:"complete"`
	Torch        string  `json:"torch,omitempty"`
	Transformers string  `json:"transformers,omitempty"`
	Optuna       string  `json:"optuna,omitempty"`
	Each         []trial `json:"trials"`
}

type trial struct {
	Freeze       string  `json:"freeze"`
	LearningRate float64 `json:"learning_rate"`
	Value        float64 `json:"value"`
	Seconds      float64 `json:"seconds"`
	// What only our trainer reports.
	StepMS    float64 `json:"step_ms,omitempty"`
	Trainable float64 `json:"trainable_parameters,omitempty"`
	Memory    float64 `json:"memory_bytes,omitempty"`
}

func main() {
	var o options
	flag.StringVar(&o.hpsearch, "hpsearch", "bin/hpsearch", "the program hpsearch, with hpsearch-trainer beside it")
	flag.StringVar(&o.peer, "peer", "", "Python that has torch, transformers and Optuna; empty: no comparison")
	flag.StringVar(&o.model, "model", "", "folder of all-MiniLM-L6-v2")
	flag.StringVar(&o.wordnet, "wordnet", "", "folder of WordNet's data files")
	flag.IntVar(&o.workers, "workers", 1, "workers on each side")
	flag.IntVar(&o.threads, "threads", 1, "CPU threads of a worker; 0: what each side takes by itself")
	flag.IntVar(&o.trials, "trials", len(strategies)*len(rates), "how many of the trials")
	flag.IntVar(&o.iterations, "iterations", 60, "steps of a trial; a validation after each quarter of them")
	flag.Parse()
	r, err := run(o)
	if err == nil {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "freezing:", err)
		os.Exit(1)
	}
}

func run(o options) (*report, error) {
	if o.workers < 1 || o.threads < 0 || o.trials < 1 || o.iterations < validations {
		return nil, fmt.Errorf("-workers and -trials must be at least 1, -threads at least 0, -iterations at least %d", validations)
	}
	dir, err := os.MkdirTemp("", "hpsearch-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if o.model, err = filepath.Abs(o.model); err != nil {
		return nil, err
	}
	j, err := newJob(dir, o)
	if err != nil {
		return nil, err
	}
	r := &report{Trials: len(j.Trials), Iterations: o.iterations, Workers: o.workers, Threads: o.threads}
	if r.Ours, err = runOurs(o, j, dir); err != nil {
		return nil, err
	}
	if o.peer == "" {
		return r, nil
	}
	if r.Peer, err = runPeer(o, j, dir); err != nil {
		return nil, err
	}
	r.Ratio = r.Ours.Seconds / r.Peer.Seconds
	for _, s := range []*side{r.Ours, r.Peer} {
		if s.Complete != len(j.Trials) {
			return nil, fmt.Errorf("%d trials of %d are complete", s.Complete, len(j.Trials))
		}
	}
	return r, nil
}

// environment is that of both programs: without a word about threads where they
// are to choose by themselves.
func environment(threads int) []string {
	if threads > 0 {
		return append(append(os.Environ(), objective.ThreadEnv(threads)...), "TOKENIZERS_PARALLELISM=false")
	}
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(objective.ThreadEnv(1), name+"=1")
	})
}

// runOurs creates the study and runs it, in a new database. What is timed is
// what a user waits for, from the study file to the last result.
func runOurs(o options, j *job, dir string) (*side, error) {
	program, err := filepath.Abs(o.hpsearch)
	if err != nil {
		return nil, err
	}
	const name = "freezing"
	file := filepath.Join(dir, "study.json")
	if err := writeJSON(file, j.study(name)); err != nil {
		return nil, err
	}
	call := func(args ...string) ([]byte, error) {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = append(environment(o.threads), "HPSEARCH_STORAGE=sqlite:///"+filepath.Join(dir, "ours.db"))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%v: %w", cmd.Args, err)
		}
		return out, nil
	}
	start := time.Now()
	if _, err := call("study", "create", "-f", file); err != nil {
		return nil, err
	}
	if _, err := call("run", name, "--parallel", strconv.Itoa(o.workers), "--device", "cpu", "-o", "json"); err != nil {
		return nil, err
	}
	s := &side{Seconds: time.Since(start).Seconds()}
	list, err := call("trial", "list", name, "-o", "json")
	if err != nil {
		return nil, err
	}
	return s, s.readTrials(list)
}

// readTrials reads the output of hpsearch trial list.
func (s *side) readTrials(list []byte) error {
	var rows []struct {
		State   string             `json:"state"`
		Value   float64            `json:"value"`
		Seconds float64            `json:"seconds"`
		Params  map[string]any     `json:"params"`
		Metrics map[string]float64 `json:"metrics"`
	}
	if err := json.Unmarshal(list, &rows); err != nil {
		return fmt.Errorf("the list of trials: %w", err)
	}
	for _, row := range rows {
		if row.State == "complete" || row.State == "COMPLETE" {
			s.Complete++
		}
		t := trial{
			Value: row.Value, Seconds: row.Seconds, StepMS: row.Metrics["step_ms"],
			Trainable: row.Metrics["trainable_parameters"], Memory: row.Metrics["memory_bytes"],
		}
		t.Freeze, _ = row.Params["freeze"].(string)
		t.LearningRate, _ = row.Params["learning_rate"].(float64)
		s.Each = append(s.Each, t)
	}
	return nil
}

func runPeer(o options, j *job, dir string) (*side, error) {
	file := filepath.Join(dir, "job.json")
	if err := writeJSON(file, j); err != nil {
		return nil, err
	}
	cmd := exec.Command(o.peer, "bench/peer/freezing_study.py", file, "--workers", strconv.Itoa(o.workers),
		"--threads", strconv.Itoa(o.threads), "--storage", filepath.Join(dir, "peer.db"))
	cmd.Env = environment(o.threads)
	cmd.Stderr = os.Stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	s := new(side)
	if err := json.Unmarshal(out, s); err != nil {
		return nil, fmt.Errorf("%v: what it printed: %w", cmd.Args, err)
	}
	s.Seconds = time.Since(start).Seconds() // the start of Python included, as ours includes that of hpsearch
	return s, nil
}

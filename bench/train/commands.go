package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// output runs a script of the checkout and returns what it prints.
func output(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	return out, nil
}

// What scripts/bench.sh prints about the two programs' steps.
var (
	stepRatio  = regexp.MustCompile(`time of a step in Go / in Python: ([0-9.]+), median of ([0-9]+) pairs`)
	stepSpeeds = regexp.MustCompile(`training step in Go: ([0-9]+) tokens/s, in Python: ([0-9]+) tokens/s`)
)

// trainingStep runs `make bench`'s comparison of a training step.
func trainingStep(options) (map[string]float64, error) {
	out, err := output("scripts/bench.sh")
	if err != nil {
		return nil, err
	}
	ratio, speeds := stepRatio.FindSubmatch(out), stepSpeeds.FindSubmatch(out)
	if ratio == nil || speeds == nil {
		return nil, fmt.Errorf("scripts/bench.sh compared nothing: is there a Python with the torch of our version?\n%s", out)
	}
	figures := make(map[string]float64)
	for name, text := range map[string][]byte{
		"ratio": ratio[1], "pairs": ratio[2], "tokens_per_second": speeds[1], "peer_tokens_per_second": speeds[2],
	} {
		if figures[name], err = strconv.ParseFloat(string(text), 64); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// freezingStudy returns a measurement by bench/freezing, with workers that have so
// many threads each; 0: what each side takes by itself.
func freezingStudy(threads int) func(options) (map[string]float64, error) {
	return func(options) (map[string]float64, error) {
		out, err := output("scripts/bench-freezing.sh", "-threads", strconv.Itoa(threads))
		if err != nil {
			return nil, err
		}
		return ofStudies(out)
	}
}

// ofStudies reads what scripts/bench-freezing.sh prints.
func ofStudies(out []byte) (map[string]float64, error) {
	var report struct {
		Trials int                       `json:"trials"`
		Ours   struct{ Seconds float64 } `json:"ours"`
		Peer   struct{ Seconds float64 } `json:"peer"`
		Ratio  float64                   `json:"ours_over_peer"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return nil, fmt.Errorf("scripts/bench-freezing.sh: what it printed: %w", err)
	}
	if !(report.Ratio > 0) {
		return nil, fmt.Errorf("scripts/bench-freezing.sh compared nothing: %s", out)
	}
	return map[string]float64{
		"trials": float64(report.Trials), "seconds": report.Ours.Seconds, "peer_seconds": report.Peer.Seconds, "ratio": report.Ratio,
	}, nil
}

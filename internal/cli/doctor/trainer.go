package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/internal/cli/trainer"
)

// patience is how long the trainer may take to examine itself: it loads
// libtorch and CUDA from a disk that may be slow.
const patience = 2 * time.Minute

// checkTrainer finds the trainer and has it examine itself.
func (r *Report) checkTrainer(ctx context.Context) {
	path, err := trainer.Find()
	if err != nil {
		r.add(Error, "run \"make build\", or set "+trainer.Env, "trainer: %v", err)
		return
	}
	r.Trainer.Path = path
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "doctor")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()
	var said struct {
		Libtorch *Libtorch `json:"libtorch"`
		Findings []Finding `json:"findings"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		r.diagnose(runErr, err, stderr.String())
		return
	}
	// The exit code says only that there are findings, which are here.
	r.Trainer.OK = true
	r.Libtorch = said.Libtorch
	r.Findings = append(r.Findings, said.Findings...)
}

// diagnose says why the trainer could not examine itself.
func (r *Report) diagnose(runErr, parseErr error, stderr string) {
	if lines := missingLibraries(stderr); len(lines) > 0 {
		for _, line := range lines {
			r.add(Error, "install libtorch or put its folder on LD_LIBRARY_PATH, then run \"make build\" again",
				"the trainer cannot load a library: %s", line)
		}
		return
	}
	var exit *exec.ExitError
	switch {
	case errors.As(runErr, &exit):
		r.add(Error, "run \"make build\" again", "the trainer failed (%s): %s", exit, lastLine(stderr))
	case runErr != nil:
		r.add(Error, "run \"make build\" again", "the trainer does not start: %v", runErr)
	default:
		r.add(Error, "run \"make build\": the two programs may be of different versions",
			"the trainer's answer is not understood: %v", parseErr)
	}
}

// missingLibraries returns the lines in which the dynamic loader says what it
// missed (glibc and musl).
func missingLibraries(stderr string) []string {
	var lines []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		for _, sign := range []string{"error while loading shared libraries", "Error loading shared library", "symbol lookup error"} {
			if strings.Contains(line, sign) {
				lines = append(lines, line)
				break
			}
		}
	}
	return lines
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return "it said nothing"
}

// rows are the lines about libtorch in the table.
func (l *Libtorch) rows() [][2]string {
	cuda := "none"
	if l.CUDA != nil && l.CUDA != false && l.CUDA != "" {
		cuda = fmt.Sprint(l.CUDA)
		if cuda == "true" {
			cuda = "yes"
		}
	}
	devices := "none"
	if len(l.CUDADevices) > 0 {
		names := make([]string, len(l.CUDADevices))
		for i, d := range l.CUDADevices {
			names[i] = deviceText(d)
		}
		devices = strings.Join(names, ", ")
	}
	return [][2]string{
		{"libtorch", fmt.Sprintf("%s at %s (%s)", l.Version, l.Path, l.Source)},
		{"blas", l.BLAS},
		{"threads", fmt.Sprint(l.Threads)},
		{"cuda", cuda},
		{"cuda devices", devices},
		{"int8 kernels", orNone(strings.Join(l.QuantizedEngines, ", "))},
	}
}

// deviceText writes a device that is a name or an object.
func deviceText(d any) string {
	if object, ok := d.(map[string]any); ok {
		if name, ok := object["name"].(string); ok {
			return name
		}
		if text, err := json.Marshal(object); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(d)
}

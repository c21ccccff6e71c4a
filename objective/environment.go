package objective

import (
	"fmt"
	"strconv"
	"strings"
)

// environment returns base with the variables that the configuration sets.
func environment(base []string, config ProcessConfig) ([]string, error) {
	// Trainers that share a machine must not spin while they wait for their
	// threads: two of two threads each on two cores were 2 to 10 times as fast
	// with passive waiting. It stands first, so that the user's own choice wins.
	env := append(append([]string{"OMP_WAIT_POLICY=passive"}, base...), config.Env...)
	if config.Threads < 0 {
		return nil, fmt.Errorf("%d threads: want at least 1, or 0 to leave it open", config.Threads)
	}
	if config.Threads > 0 {
		env = append(env, ThreadEnv(config.Threads)...)
	}
	visible, err := visibleDevices(config.Device, lookup(env, cudaVisible))
	if err != nil {
		return nil, err
	}
	if visible != nil {
		env = append(env, cudaVisible+"="+*visible)
	}
	return env, nil
}

// ThreadEnv returns the variables by which OpenMP and the BLAS libraries of a
// program are told to use n threads.
func ThreadEnv(n int) []string {
	var env []string
	for _, name := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"} {
		env = append(env, name+"="+strconv.Itoa(n))
	}
	return env
}

const cudaVisible = "CUDA_VISIBLE_DEVICES"

// lookup returns the last value of a variable, as exec.Cmd uses it.
func lookup(env []string, name string) *string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return &value
		}
	}
	return nil
}

// visibleDevices returns the value of CUDA_VISIBLE_DEVICES for a device, nil
// to leave it alone. current is the value that this process has: "cuda:1" is
// the second device of that list.
func visibleDevices(device string, current *string) (*string, error) {
	kind, index, indexed := strings.Cut(device, ":")
	none := "-1" // no such device; an empty value would be dropped by some shells
	switch {
	case device == "" || device == "auto" || device == "cuda":
		return nil, nil
	case device == "cpu":
		return &none, nil
	case kind != "cuda" || !indexed:
		return nil, fmt.Errorf("device %q: want auto, cpu, cuda or cuda:N", device)
	}
	n, err := strconv.ParseUint(index, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("device %q: %q is not the number of a device", device, index)
	}
	if current == nil {
		return &index, nil
	}
	list := strings.Split(*current, ",")
	if *current == "" || int(n) >= len(list) {
		return nil, fmt.Errorf("device %q: %s=%s has no device %d", device, cudaVisible, *current, n)
	}
	chosen := strings.TrimSpace(list[n])
	return &chosen, nil
}

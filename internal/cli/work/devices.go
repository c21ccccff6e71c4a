package work

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// ParseDevices reads --device: auto, cpu, cuda, or cuda: with the numbers of
// the devices to use. It returns one device a worker, to be dealt in turn.
func ParseDevices(s string) ([]string, error) {
	switch s {
	case "auto", "cpu", "cuda":
		return []string{s}, nil
	}
	list, ok := strings.CutPrefix(s, "cuda:")
	if !ok {
		return nil, fmt.Errorf("--device %q: use auto, cpu, cuda, or cuda:0,1 to name devices", s)
	}
	var devices []string
	seen := map[uint64]bool{}
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("--device %q: %q is not the number of a device", s, text)
		}
		if seen[n] {
			return nil, fmt.Errorf("--device %q names device %d twice", s, n)
		}
		seen[n] = true
		devices = append(devices, fmt.Sprintf("cuda:%d", n))
	}
	return devices, nil
}

// OneDevice is [ParseDevices] for what runs on one device.
func OneDevice(s string) (string, error) {
	devices, err := ParseDevices(s)
	if err != nil {
		return "", err
	}
	if len(devices) > 1 {
		return "", fmt.Errorf("--device %q: this runs on one device", s)
	}
	return devices[0], nil
}

// deal spreads auto and cuda over the devices of this machine when there are
// several; every other list is dealt as it is.
func deal(devices []string, machine int) []string {
	if len(devices) != 1 || devices[0] != "auto" && devices[0] != "cuda" || machine < 2 {
		return devices
	}
	all := make([]string, machine)
	for i := range all {
		all[i] = fmt.Sprintf("cuda:%d", i)
	}
	return all
}

// names are what people know the dealt devices by: the trainer finds out what
// auto is.
func names(devices []string) []string {
	named := make([]string, len(devices))
	for i, device := range devices {
		if device != "auto" {
			named[i] = device
		}
	}
	return named
}

// cudaDevices counts the devices that a trainer would see, without loading
// CUDA: those of CUDA_VISIBLE_DEVICES, else the driver's device files.
func cudaDevices() int {
	if list, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		if list == "" || strings.HasPrefix(list, "-") {
			return 0
		}
		return strings.Count(list, ",") + 1
	}
	files, err := filepath.Glob("/dev/nvidia[0-9]*")
	if err != nil {
		return 0 // only a malformed pattern fails
	}
	return len(files)
}

// Threads returns how many threads a trainer may use: what OMP_NUM_THREADS
// says, as of any program of this kind, or else a worker's share of the cores
// that this process may use. Those are fewer than the machine's in a container
// with a quota, where a thread too many waits for its turn in every operator.
func Threads(parallel int) int {
	return threads(os.Getenv("OMP_NUM_THREADS"), runtime.GOMAXPROCS(0), parallel)
}

func threads(wanted string, cores, parallel int) int {
	if n, err := strconv.Atoi(wanted); err == nil && n > 0 {
		return n
	}
	return max(1, cores/max(1, parallel))
}

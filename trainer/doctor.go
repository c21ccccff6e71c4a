package trainer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/libtorch"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Diagnosis is what `hpsearch-trainer doctor` prints as JSON.
type Diagnosis struct {
	Libtorch Libtorch  `json:"libtorch"`
	Findings []Finding `json:"findings"`
}

// Libtorch describes the libtorch that this process runs on.
type Libtorch struct {
	Path             string   `json:"path"` // of libtorch_cpu.so
	Source           string   `json:"source"`
	Version          string   `json:"version"`
	CUDA             string   `json:"cuda"` // the version it was built with, or why there is none
	CUDADevices      []string `json:"cuda_devices"`
	BLAS             string   `json:"blas"`
	Threads          int      `json:"threads"`
	QuantizedEngines []string `json:"quantized_engines"`
}

// A Finding is something that is wrong, and how to mend it.
type Finding struct {
	Level string `json:"level"` // error or warning
	What  string `json:"what"`
	Fix   string `json:"fix"`
}

// Doctor examines the libtorch of this process. It looks at what is loaded,
// not at what the build found: a library may have been replaced since.
func Doctor(ctx context.Context) *Diagnosis {
	version, config := tensor.Version(), tensor.BuildInfo()
	d := &Diagnosis{Findings: []Finding{}}
	d.Libtorch = Libtorch{Version: version, Threads: tensor.Threads(), CUDADevices: []string{}, QuantizedEngines: []string{}}
	loaded := loadedLibraries()
	d.Libtorch.Path = find(loaded, "libtorch_cpu.so")
	d.locate(ctx)
	d.blas(config, loaded)
	d.cuda()
	d.int8()
	return d
}

func (d *Diagnosis) add(level, fix, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{Level: level, What: fmt.Sprintf(format, args...), Fix: fix})
}

// loadedLibraries returns the shared libraries of this process, symbolic
// links resolved.
func loadedLibraries() []string {
	data, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil
	}
	var paths []string
	for line := range strings.Lines(string(data)) {
		if i := strings.Index(line, "/"); i >= 0 {
			path := strings.TrimSpace(line[i:])
			if strings.Contains(filepath.Base(path), ".so") && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func find(paths []string, name string) string {
	for _, p := range paths {
		if strings.HasPrefix(filepath.Base(p), name) {
			return p
		}
	}
	return ""
}

// locate says where the loaded libtorch comes from.
func (d *Diagnosis) locate(ctx context.Context) {
	install, err := libtorch.Finder{}.Find(ctx)
	switch {
	case err != nil:
		d.Libtorch.Source = "none of the places that the build looks at"
		d.add("warning", "set LIBTORCH to the folder of the libtorch in use before the next `make build`",
			"the programs cannot be built again: %v", err)
	case sameFolder(install.Lib, filepath.Dir(d.Libtorch.Path)):
		d.Libtorch.Source = install.Source
	default:
		d.Libtorch.Source = "as built, or LD_LIBRARY_PATH"
		if install.Version != d.Libtorch.Version {
			d.add("warning", "set LIBTORCH, or run `make build` again", "the trainer runs on libtorch %s, a build would now take %s from %s (%s)",
				d.Libtorch.Version, install.Version, install.Root, install.Source)
		}
	}
}

// sameFolder compares folders behind symbolic links.
func sameFolder(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

var blasName = regexp.MustCompile(`BLAS_INFO=(\w+)`)

// blas names the library that multiplies matrices. Debian's libtorch calls
// whatever libblas.so.3 is at hand.
func (d *Diagnosis) blas(config string, loaded []string) {
	switch {
	case find(loaded, "libopenblas") != "" || slices.ContainsFunc(loaded, func(p string) bool { return strings.Contains(p, "openblas") }):
		d.Libtorch.BLAS = "OpenBLAS"
	case find(loaded, "libmkl") != "" || strings.Contains(config, "Intel(R) oneAPI Math Kernel Library"), strings.Contains(config, "Intel(R) Math Kernel Library"):
		d.Libtorch.BLAS = "MKL"
	case find(loaded, "libblas.so") != "":
		d.Libtorch.BLAS = "reference BLAS"
		d.add("warning", "apt-get install libopenblas0-pthread", "%s is the reference BLAS: training is many times slower than it could be", find(loaded, "libblas.so"))
	default:
		d.Libtorch.BLAS = "unknown"
		if m := blasName.FindStringSubmatch(config); m != nil {
			d.Libtorch.BLAS = m[1]
		}
	}
}

// cuda looks for devices. A libtorch that has a CUDA part which does not load
// is a finding: on a machine with a GPU it is what keeps it idle.
func (d *Diagnosis) cuda() {
	n, err := tensor.CUDADevices()
	part := filepath.Join(filepath.Dir(d.Libtorch.Path), "libtorch_cuda.so")
	if _, missing := os.Stat(part); missing == nil {
		d.Libtorch.CUDA = "built in"
	}
	switch {
	case err == nil:
		d.Libtorch.CUDA = "built in"
		for i := range n {
			d.Libtorch.CUDADevices = append(d.Libtorch.CUDADevices, fmt.Sprintf("cuda:%d", i))
		}
	case d.Libtorch.CUDA != "" && hasGPU():
		d.add("error", "install what is missing (the nvidia wheels that the torch wheel asks for), check `nvidia-smi` and CUDA_VISIBLE_DEVICES",
			"there is a GPU that cannot be used: %v", err)
	}
}

// hasGPU reports whether NVIDIA's driver shows a device.
func hasGPU() bool {
	devices, err := filepath.Glob("/dev/nvidia[0-9]*")
	return err == nil && len(devices) > 0
}

func (d *Diagnosis) int8() {
	engine, err := tensor.QuantizedEngine()
	if err != nil {
		d.add("warning", "export without --quantize, or use another libtorch", "%v", err)
		return
	}
	d.Libtorch.QuantizedEngines = append(d.Libtorch.QuantizedEngines, engine)
}

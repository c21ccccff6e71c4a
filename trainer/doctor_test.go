package trainer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

func TestDoctor(t *testing.T) {
	d := Doctor(t.Context())
	version := tensor.Version()
	l := d.Libtorch
	if l.Version != version || l.Threads < 1 || l.BLAS == "" || l.BLAS == "unknown" || l.Source == "" {
		t.Errorf("libtorch %+v", l)
	}
	if info, err := os.Stat(l.Path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("path %q of the loaded library: %v", l.Path, err)
	}
	if _, err := tensor.QuantizedEngine(); (err == nil) != (len(l.QuantizedEngines) == 1) {
		t.Errorf("engines %v, yet %v", l.QuantizedEngines, err)
	}
	for _, f := range d.Findings {
		if f.Level != "warning" && f.Level != "error" || f.What == "" || f.Fix == "" {
			t.Errorf("finding %+v", f)
		}
	}
	// What `hpsearch doctor` reads, null nowhere.
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var shape map[string]any
	if err := json.Unmarshal(data, &shape); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"findings", "libtorch.path", "libtorch.source", "libtorch.version", "libtorch.cuda", "libtorch.cuda_devices",
		"libtorch.blas", "libtorch.threads", "libtorch.quantized_engines",
	} {
		if lookup(t, shape, key) == nil {
			t.Errorf("%s is null", key)
		}
	}
}

func TestBLASOfLoadedLibraries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config   string
		loaded   []string
		want     string
		findings int
	}{
		"OpenBLAS":                 {"", []string{"/usr/lib/libopenblas-r0.3.so"}, "OpenBLAS", 0},
		"OpenBLAS as libblas":      {"", []string{"/usr/lib/openblas-pthread/libblas.so.3"}, "OpenBLAS", 0},
		"MKL inside":               {"- Intel(R) oneAPI Math Kernel Library Version 2024", nil, "MKL", 0},
		"MKL beside":               {"", []string{"/opt/libmkl_core.so.2"}, "MKL", 0},
		"reference":                {"", []string{"/usr/lib/blas/libblas.so.3.11.0"}, "reference BLAS", 1},
		"only known at build time": {"BLAS_INFO=accelerate,", nil, "accelerate", 0},
		"unknown":                  {"", nil, "unknown", 0},
	} {
		d := new(Diagnosis)
		d.blas(c.config, c.loaded)
		if d.Libtorch.BLAS != c.want || len(d.Findings) != c.findings {
			t.Errorf("%s: %q with findings %v, want %q with %d", name, d.Libtorch.BLAS, d.Findings, c.want, c.findings)
		}
	}
}

func TestLoadedLibraries(t *testing.T) {
	t.Parallel()
	loaded := loadedLibraries()
	if loaded == nil {
		t.Skip("no /proc/self/maps here")
	}
	path := find(loaded, "libtorch_cpu.so")
	if !filepath.IsAbs(path) {
		t.Errorf("libtorch_cpu.so is not among %d libraries", len(loaded))
	}
	if got := find(loaded, "libnothing.so"); got != "" {
		t.Errorf("found %q", got)
	}
}

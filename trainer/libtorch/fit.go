package libtorch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cudaStubs are the libraries that gotch's cgo flags name beside libtorch's
// own. Nothing of gotch's needs their symbols, and a machine without CUDA
// does not have them: empty archives satisfy the linker. A program built so
// loads libtorch_cuda.so when it starts, if it is there.
var cudaStubs = []string{
	"cuda", "cudart", "cublas", "cudnn", "caffe2_nvrtc", "nvrtc-builtins",
	"nvrtc", "nvToolsExt", "c10_cuda", "torch_cuda",
}

// A Fitting is what the Go compiler needs to build gotch against an Install.
type Fitting struct {
	Install *Install
	Dir     string // holds compat.h and stubs/
	Missing int    // operator wrappers that this libtorch cannot compile
	Cached  bool   // nothing had to be generated
}

// Env returns the cgo variables. Flags that the caller has in its own
// environment are kept, after ours.
func (f *Fitting) Env(getenv func(string) string) []string {
	ld := []string{
		"-L" + filepath.Join(f.Dir, "stubs"), // first, to win over a real libtorch_cuda.so
		"-L" + f.Install.Lib,
		"-Wl,-rpath," + f.Install.Lib,
		// libtorch_cpu.so of a CUDA build refers to libraries that are
		// looked up when the program starts, not now.
		"-Wl,--unresolved-symbols=ignore-in-shared-libs",
	}
	return []string{
		"CGO_ENABLED=1",
		"CGO_CXXFLAGS=" + joinFlags(f.cxxFlags(), getenv("CGO_CXXFLAGS")),
		"CGO_LDFLAGS=" + joinFlags(ld, getenv("CGO_LDFLAGS")),
		"CGO_CFLAGS=" + joinFlags([]string{"-w"}, getenv("CGO_CFLAGS")),
	}
}

// cxxFlags returns the flags that gotch's sources are compiled with.
func (f *Fitting) cxxFlags() []string {
	flags := []string{"-w", "-include", filepath.Join(f.Dir, "compat.h")}
	if f.Install.OldABI {
		flags = append(flags, "-D_GLIBCXX_USE_CXX11_ABI=0")
	}
	for _, dir := range f.Install.Include {
		if dir != "/usr/include" { // would reorder the system's own headers
			flags = append(flags, "-isystem", dir)
		}
	}
	return flags
}

// joinFlags joins flags as the go command splits them, at spaces outside
// quotes, and appends what the caller's environment has, which is quoted
// already.
func joinFlags(flags []string, inherited string) string {
	quoted := make([]string, 0, len(flags)+1)
	for _, f := range flags {
		if strings.ContainsAny(f, " \t'") {
			quote := "'"
			if strings.Contains(f, quote) {
				quote = `"`
			}
			f = quote + f + quote
		}
		quoted = append(quoted, f)
	}
	if inherited != "" {
		quoted = append(quoted, inherited)
	}
	return strings.Join(quoted, " ")
}

// A Fitter makes fittings and keeps them in a cache folder, so that Go's
// build cache, whose key holds the path of compat.h, stays valid from one
// checkout to the next.
type Fitter struct {
	GotchDir string // gotch's module folder
	CacheDir string // for example ~/.cache/hpsearch/libtorch
	Compiler string // "": $CXX or g++
	Log      func(format string, args ...any)
}

// maxRounds bounds the compilations: an error can hide others behind it.
const maxRounds = 5

// Fit returns the fitting for an installation, generating it when the cache
// has none. It compiles gotch's wrappers without output, once per round,
// and puts every wrapper that fails on the list of those that throw.
func (f *Fitter) Fit(ctx context.Context, install *Install) (*Fitting, error) {
	key, err := f.key(install)
	if err != nil {
		return nil, err
	}
	fitting := &Fitting{Install: install, Dir: filepath.Join(f.CacheDir, key)}
	header := filepath.Join(fitting.Dir, "compat.h")
	if data, err := os.ReadFile(header); err == nil {
		fitting.Cached = true
		fitting.Missing = bytes.Count(data, []byte("#define "+missingPrefix))
		return fitting, nil
	}
	if err := os.MkdirAll(f.CacheDir, 0o755); err != nil {
		return nil, fmt.Errorf("fit gotch to libtorch %s: %w", install.Version, err)
	}
	work, err := os.MkdirTemp(f.CacheDir, "fit-")
	if err != nil {
		return nil, fmt.Errorf("fit gotch to libtorch %s: %w", install.Version, err)
	}
	defer os.RemoveAll(work)
	if err := writeStubs(filepath.Join(work, "stubs")); err != nil {
		return nil, err
	}
	missing, err := f.findMissing(ctx, install, filepath.Join(work, "compat.h"))
	if err != nil {
		return nil, fmt.Errorf("fit gotch to libtorch %s in %s: %w", install.Version, install.Root, err)
	}
	fitting.Missing = len(missing)
	// The rename is atomic; when another process was quicker, its result is
	// the same as ours.
	if err := os.Rename(work, fitting.Dir); err != nil {
		if _, statErr := os.Stat(header); statErr != nil {
			return nil, fmt.Errorf("fit gotch to libtorch %s: %w", install.Version, err)
		}
	}
	return fitting, nil
}

// key names a fitting by all that it depends on.
func (f *Fitter) key(install *Install) (string, error) {
	h := sha256.New()
	for _, path := range []string{
		filepath.Join(f.GotchDir, "libtch", "torch_api_generated.cpp.h"),
		filepath.Join(f.GotchDir, "libtch", "torch_api.cpp"),
		filepath.Join(install.Include[1], "torch", "version.h"),
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("fit gotch to libtorch: %w", err)
		}
		h.Write(data)
	}
	fmt.Fprintln(h, install.Root, f.compiler(), compatVersion, cudaStubs)
	return fmt.Sprintf("%s-%x", install.Version, h.Sum(nil)[:6]), nil
}

func (f *Fitter) compiler() string {
	if f.Compiler != "" {
		return f.Compiler
	}
	if cxx := os.Getenv("CXX"); cxx != "" {
		return cxx
	}
	return "g++"
}

// findMissing writes compat.h with the list of wrappers that do not compile.
func (f *Fitter) findMissing(ctx context.Context, install *Install, header string) (map[wrapper]bool, error) {
	wrappers, err := indexWrappers(filepath.Join(f.GotchDir, "libtch"))
	if err != nil {
		return nil, err
	}
	missing := make(map[wrapper]bool)
	for round := 1; ; round++ {
		if err := os.WriteFile(header, compatHeader(missing), 0o644); err != nil {
			return nil, err
		}
		output, ok, err := f.compile(ctx, install, header)
		if ok || err != nil {
			return missing, err
		}
		found := wrappers.failing(output)
		before := len(missing)
		for _, w := range found {
			missing[w] = true
		}
		if f.Log != nil {
			f.Log("round %d: %d of gotch's wrappers do not compile on this libtorch\n", round, len(missing))
		}
		if len(missing) == before || round == maxRounds {
			return nil, fmt.Errorf("gotch does not compile, and not because of an operator wrapper:\n%s", firstErrors(output, 5))
		}
	}
}

// compile checks torch_api.cpp without writing an object file. It returns
// what the compiler complains about; err says that it could not be asked.
func (f *Fitter) compile(ctx context.Context, install *Install, header string) (complaints []byte, ok bool, err error) {
	libtch := filepath.Join(f.GotchDir, "libtch")
	args := []string{"-std=c++17", "-fsyntax-only", "-fmax-errors=0", "-w", "-I" + libtch}
	fitting := Fitting{Install: install, Dir: filepath.Dir(header)}
	args = append(args, fitting.cxxFlags()...)
	compiler := strings.Fields(f.compiler())
	args = append(append(compiler[1:], args...), filepath.Join(libtch, "torch_api.cpp"))
	cmd := exec.CommandContext(ctx, compiler[0], args...)
	// The messages are parsed: they must not be translated.
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil, true, nil
	case !errors.As(err, &exit):
		return nil, false, fmt.Errorf("run %s: %w (install a C++ compiler: apt-get install g++)", compiler[0], err)
	case ctx.Err() != nil || exit.ExitCode() < 0 || stderr.Len() == 0: // killed, or says nothing
		return nil, false, fmt.Errorf("run %s: %w", compiler[0], errors.Join(err, ctx.Err()))
	}
	return stderr.Bytes(), false, nil
}

// emptyArchive is an ar archive without members.
const emptyArchive = "!<arch>\n"

func writeStubs(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write stub archives: %w", err)
	}
	for _, name := range cudaStubs {
		if err := os.WriteFile(filepath.Join(dir, "lib"+name+".a"), []byte(emptyArchive), 0o644); err != nil {
			return fmt.Errorf("write stub archives: %w", err)
		}
	}
	return nil
}

// firstErrors returns the first n lines that report an error.
func firstErrors(output []byte, n int) string {
	var lines []string
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, "error:") && len(lines) < n {
			lines = append(lines, "  "+strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

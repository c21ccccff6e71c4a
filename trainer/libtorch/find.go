package libtorch

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Where an installation was found.
const (
	SourceEnv    = "$LIBTORCH"
	SourcePython = "python3's torch package"
	SourceSystem = "system package"
)

// An Install is a libtorch on this machine.
type Install struct {
	Source  string   // one of the Source constants
	Root    string   // $LIBTORCH, torch/ of the Python package, or /usr
	Include []string // folders that hold ATen/ and torch/torch.h
	Lib     string   // folder that holds libtorch_cpu.so
	Version string   // for example 2.11.0
	CUDA    bool     // built with CUDA: libtorch_cuda.so is there
	OldABI  bool     // built with the C++ ABI from before GCC 5 (PyPI wheels before 2.7)
}

// ErrNotFound says that there is no libtorch in any of the places searched.
var ErrNotFound = errors.New("no libtorch found: set LIBTORCH to its folder, or `pip install torch`, or `apt-get install libtorch-dev libopenblas0-pthread`")

// A Finder looks for libtorch. The zero value searches this machine.
type Finder struct {
	Getenv func(string) string                       // nil: os.Getenv
	Python func(ctx context.Context) (string, error) // nil: asks python3 for the folder of torch
	System []string                                  // roots to try; nil: /usr and /usr/local
}

// Find returns the first of: $LIBTORCH, the torch package of python3, the
// system's libtorch. A LIBTORCH that is set but unusable is an error; the
// search does not go on, because the user named it.
func (f Finder) Find(ctx context.Context) (*Install, error) {
	getenv := f.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	if root := getenv("LIBTORCH"); root != "" {
		install, err := inspect(root, SourceEnv)
		if err != nil {
			return nil, fmt.Errorf("LIBTORCH=%s: %w", root, err)
		}
		return install, nil
	}
	python := f.Python
	if python == nil {
		python = pythonTorch
	}
	if root, err := python(ctx); err == nil && root != "" {
		if install, err := inspect(root, SourcePython); err == nil {
			return install, nil
		}
	}
	system := f.System
	if system == nil {
		system = []string{"/usr", "/usr/local"}
	}
	for _, root := range system {
		if install, err := inspect(root, SourceSystem); err == nil {
			return install, nil
		}
	}
	return nil, ErrNotFound
}

// pythonTorch returns the folder of python3's torch without importing it:
// the import would take seconds.
func pythonTorch(ctx context.Context) (string, error) {
	const script = "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
	out, err := exec.CommandContext(ctx, "python3", "-c", script).Output()
	return strings.TrimSpace(string(out)), err
}

// inspect reads an installation's layout, version and ABI.
func inspect(root, source string) (*Install, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	lib, err := findLib(root)
	if err != nil {
		return nil, err
	}
	include := filepath.Join(root, "include")
	api := filepath.Join(include, "torch/csrc/api/include")
	version, err := readVersion(filepath.Join(include, "torch/headeronly/version.h")) // from 2.9 on
	if err != nil {
		version, err = readVersion(filepath.Join(api, "torch/version.h"))
	}
	if err != nil {
		return nil, fmt.Errorf("%w (headers missing: a package that only runs programs cannot build them)", err)
	}
	oldABI, err := usesOldABI(filepath.Join(lib, "libc10.so"))
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(filepath.Join(lib, "libtorch_cuda.so"))
	return &Install{
		Source: source, Root: root, Lib: lib, Version: version, OldABI: oldABI, CUDA: err == nil,
		Include: []string{include, api},
	}, nil
}

func findLib(root string) (string, error) {
	candidates := []string{filepath.Join(root, "lib")}
	multiarch, _ := filepath.Glob(filepath.Join(root, "lib", "*-linux-gnu*"))
	candidates = append(candidates, multiarch...)
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, "libtorch_cpu.so")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no libtorch_cpu.so in %s", strings.Join(candidates, " or "))
}

var versionDefine = regexp.MustCompile(`(?m)^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) (\d+)`)

func readVersion(header string) (string, error) {
	data, err := os.ReadFile(header)
	if err != nil {
		return "", err
	}
	parts := make(map[string]string, 3)
	for _, m := range versionDefine.FindAllSubmatch(data, -1) {
		parts[string(m[1])] = string(m[2])
	}
	if len(parts) != 3 {
		return "", fmt.Errorf("%s does not define TORCH_VERSION_MAJOR, _MINOR and _PATCH", header)
	}
	return parts["MAJOR"] + "." + parts["MINOR"] + "." + parts["PATCH"], nil
}

// usesOldABI reports whether the library's exported names lack the __cxx11
// namespace that std::string has in the new ABI.
func usesOldABI(library string) (bool, error) {
	f, err := elf.Open(library)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", library, err)
	}
	defer f.Close()
	section := f.Section(".dynstr")
	if section == nil {
		return false, fmt.Errorf("read %s: no dynamic symbols", library)
	}
	names, err := section.Data()
	if err != nil {
		return false, fmt.Errorf("read %s: %w", library, err)
	}
	return !bytes.Contains(names, []byte("__cxx11")), nil
}

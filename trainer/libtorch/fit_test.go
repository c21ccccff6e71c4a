package libtorch

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The sources that stand in for gotch's in the tests that compile: PROTECT is
// defined as there, and one wrapper calls what this "libtorch" lacks.
const (
	apiHeader = `#pragma once
#include <cstring>
#include <exception>
#include <stdexcept>
extern thread_local char *torch_last_err;
#define PROTECT(x) try { x } catch (const std::exception &e) { torch_last_err = strdup(e.what()); }
`
	apiSource = `#include "torch_api.h"
#include <torch/torch.h>
thread_local char *torch_last_err;
int present(int a) {
  PROTECT(
    return at::present(a, 1);
  )
  return -1;
}
#include "torch_api_generated.cpp.h"
`
	apiGenerated = `int other(int a) {
  PROTECT(
    return at::present(a, 2);
  )
  return -1;
}
int absent(int a) {
  PROTECT(
    auto x = at::absent(a, 1);
    return x;
  )
  return -1;
}
`
)

// fakeInstall is a libtorch of which the tests' sources need one function,
// and a Fitter for sources that need more.
func fakeInstall(t *testing.T) (*Fitter, *Install) {
	t.Helper()
	root := tree{lib: "lib", header: oldHeader, version: [3]string{"2", "1", "0"}}.plant(t)
	write(t, filepath.Join(root, "include/torch/csrc/api/include/torch/torch.h"),
		[]byte("#pragma once\nnamespace at { inline int present(int a, int b) { return a + b; } }\n"))
	install, err := inspect(root, SourceEnv)
	if err != nil {
		t.Fatal(err)
	}
	gotch := t.TempDir()
	write(t, filepath.Join(gotch, "libtch/torch_api.h"), []byte(apiHeader))
	write(t, filepath.Join(gotch, "libtch/torch_api.cpp"), []byte(apiSource))
	write(t, filepath.Join(gotch, "libtch/torch_api_generated.cpp.h"), []byte(apiGenerated))
	return &Fitter{GotchDir: gotch, CacheDir: filepath.Join(t.TempDir(), "cache")}, install
}

// compiler returns the C++ compiler, or skips the test.
func compiler(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("g++")
	if err != nil {
		t.Skip("no g++ on this machine")
	}
	return path
}

// Fit must find the wrapper that does not compile, and a program built with
// its header must run the others and get an exception from that one.
func TestFitCompiles(t *testing.T) {
	t.Parallel()
	cxx := compiler(t)
	fitter, install := fakeInstall(t)
	fitter.Compiler = cxx
	fitting, err := fitter.Fit(t.Context(), install)
	if err != nil {
		t.Fatal(err)
	}
	if fitting.Missing != 1 || fitting.Cached {
		t.Errorf("%d wrappers missing, cached %v; want 1, false", fitting.Missing, fitting.Cached)
	}

	// The sources stand in the program itself, for the header tells wrappers
	// apart by how deep they are included, and gotch's build compiles
	// torch_api.cpp, not something that includes it.
	program := filepath.Join(t.TempDir(), "program")
	write(t, program+".cpp", []byte(apiSource+`
#include <cstdio>
int main() {
  int a = present(1), b = other(1), c = absent(1);
  std::printf("%d %d %d %s\n", a, b, c, torch_last_err);
}
`))
	args := append([]string{"-std=c++17", "-I" + filepath.Join(fitter.GotchDir, "libtch")}, fitting.cxxFlags()...)
	args = append(args, "-o", program, program+".cpp")
	if out, err := exec.CommandContext(t.Context(), cxx, args...).CombinedOutput(); err != nil {
		t.Fatalf("compile with the header: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "2 3 -1 operator missing from this libtorch\n"; string(out) != want {
		t.Errorf("the program printed %q, want %q", out, want)
	}

	again, err := fitter.Fit(t.Context(), install)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Cached || again.Missing != 1 || again.Dir != fitting.Dir {
		t.Errorf("second time: cached %v, %d missing, in %s; want true, 1, %s", again.Cached, again.Missing, again.Dir, fitting.Dir)
	}
}

// What no list of wrappers can mend is reported, and nothing stays behind
// that looks like a fitting.
func TestFitReportsOtherErrors(t *testing.T) {
	t.Parallel()
	cxx := compiler(t)
	for _, c := range []struct{ name, compiler, source, want string }{
		{"error outside the wrappers", cxx, "int f() { return nothing; }\n", "not because of an operator wrapper"},
		{"no compiler", "/nonexistent/g++", "", "apt-get install g++"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fitter, install := fakeInstall(t)
			fitter.Compiler = c.compiler
			write(t, filepath.Join(fitter.GotchDir, "libtch/torch_api.cpp"), []byte(c.source+apiSource))
			_, err := fitter.Fit(t.Context(), install)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "libtorch 2.1.0") {
				t.Errorf("error %v, want one about libtorch 2.1.0 that says %q", err, c.want)
			}
			if left, _ := os.ReadDir(fitter.CacheDir); len(left) > 0 {
				t.Errorf("the cache holds %v", left)
			}
		})
	}
}

// A fitting serves one libtorch, one gotch and one compiler.
func TestKey(t *testing.T) {
	t.Parallel()
	fitter, install := fakeInstall(t)
	fitter.Compiler = "g++"
	base, err := fitter.key(install)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(base, "2.1.0-") {
		t.Errorf("key %s, want it to begin with the version", base)
	}
	seen := []string{base}
	different := func(what string, f Fitter, i Install) {
		key, err := f.key(&i)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(seen, key) {
			t.Errorf("another %s has the same key", what)
		}
		seen = append(seen, key)
	}
	clang := *fitter
	clang.Compiler = "clang++"
	different("compiler", clang, *install)
	moved := *install
	moved.Root += "-elsewhere"
	different("folder", *fitter, moved)
	write(t, filepath.Join(fitter.GotchDir, "libtch/torch_api_generated.cpp.h"), []byte("// newer\n"))
	different("gotch", *fitter, *install)
}

func TestEnv(t *testing.T) {
	t.Parallel()
	fitting := &Fitting{
		Dir: "/cache/of mine/fit",
		Install: &Install{
			Lib: "/opt/torch/lib", OldABI: true,
			Include: []string{"/usr/include", "/opt/torch/include"},
		},
	}
	getenv := func(name string) string {
		if name == "CGO_LDFLAGS" {
			return "-Wl,--as-needed"
		}
		return ""
	}
	env := make(map[string]string)
	for _, line := range fitting.Env(getenv) {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	if env["CGO_ENABLED"] != "1" {
		t.Errorf("CGO_ENABLED=%s", env["CGO_ENABLED"])
	}
	for _, c := range []struct{ name, want string }{
		{"CGO_CXXFLAGS", "'/cache/of mine/fit/compat.h'"}, // quoted as the go command reads it
		{"CGO_CXXFLAGS", "-D_GLIBCXX_USE_CXX11_ABI=0"},
		{"CGO_CXXFLAGS", "-isystem /opt/torch/include"},
		{"CGO_LDFLAGS", "-L/opt/torch/lib"},
		{"CGO_LDFLAGS", "-Wl,-rpath,/opt/torch/lib"},
		{"CGO_LDFLAGS", " -Wl,--as-needed"},
	} {
		if !strings.Contains(env[c.name], c.want) {
			t.Errorf("%s=%s lacks %q", c.name, env[c.name], c.want)
		}
	}
	if strings.Contains(env["CGO_CXXFLAGS"], "/usr/include") {
		t.Errorf("CGO_CXXFLAGS=%s names the system's own folder, which reorders its headers", env["CGO_CXXFLAGS"])
	}
	stubs, lib := strings.Index(env["CGO_LDFLAGS"], "/stubs"), strings.Index(env["CGO_LDFLAGS"], "-L/opt/torch/lib")
	if stubs < 0 || stubs > lib {
		t.Errorf("CGO_LDFLAGS=%s: the stubs must come before the libraries", env["CGO_LDFLAGS"])
	}
}

// joinFlags quotes so that the go command, which splits at spaces outside
// quotes, gets every flag back.
func TestEnvQuotesFoldersWithSpaces(t *testing.T) {
	t.Parallel()
	fitting := &Fitting{Dir: "/cache/of mine/fit", Install: &Install{Lib: "/opt/my torch/lib", Include: []string{"/opt/my torch/include"}}}
	for _, line := range fitting.Env(func(string) string { return "" }) {
		_, value, _ := strings.Cut(line, "=")
		for i, part := range strings.Split(value, "'") {
			if i%2 == 0 && strings.Contains(part, "mine") || i%2 == 0 && strings.Contains(part, "my torch") {
				t.Errorf("%s: a folder with a space is not quoted", line)
			}
		}
	}
}

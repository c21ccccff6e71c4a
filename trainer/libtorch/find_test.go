package libtorch

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A tree is a libtorch installation made of what the search looks at.
type tree struct {
	lib     string // folder of the libraries, below the root
	header  string // that holds the version, below the root; "": no headers
	version [3]string
	cuda    bool
	oldABI  bool
}

const (
	oldHeader = "include/torch/csrc/api/include/torch/version.h"
	newHeader = "include/torch/headeronly/version.h"
)

// plant makes the tree in a new folder.
func (tr tree) plant(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	name := "_ZN3c105ErrorC2ENSt7__cxx1112basic_stringE"
	if tr.oldABI {
		name = "_ZN3c105ErrorC2ESs"
	}
	lib := filepath.Join(root, tr.lib)
	write(t, filepath.Join(lib, "libtorch_cpu.so"), nil)
	write(t, filepath.Join(lib, "libc10.so"), sharedLibrary(t, "\x00"+name+"\x00"))
	if tr.cuda {
		write(t, filepath.Join(lib, "libtorch_cuda.so"), nil)
	}
	if tr.header != "" {
		write(t, filepath.Join(root, tr.header), []byte("#pragma once\n"+
			"#define TORCH_VERSION_MAJOR "+tr.version[0]+"\n"+
			"#define TORCH_VERSION_MINOR "+tr.version[1]+"\n"+
			"#define TORCH_VERSION_PATCH "+tr.version[2]+"\n"+
			"#define TORCH_VERSION \"rest of the file\"\n"))
	}
	return root
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sharedLibrary returns the smallest ELF file that has a .dynstr section.
func sharedLibrary(t *testing.T, dynstr string) []byte {
	t.Helper()
	const headerSize, sectionSize = 64, 64
	names := "\x00.dynstr\x00.shstrtab\x00"
	var ident [elf.EI_NIDENT]byte
	copy(ident[:], elf.ELFMAG)
	ident[elf.EI_CLASS], ident[elf.EI_DATA], ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	dynstrAt := uint64(headerSize + 3*sectionSize)
	namesAt := dynstrAt + uint64(len(dynstr))
	var b bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: ident, Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
			Shoff: headerSize, Ehsize: headerSize, Shentsize: sectionSize, Shnum: 3, Shstrndx: 2,
		},
		elf.Section64{},
		elf.Section64{Name: 1, Type: uint32(elf.SHT_STRTAB), Off: dynstrAt, Size: uint64(len(dynstr)), Addralign: 1},
		elf.Section64{Name: 9, Type: uint32(elf.SHT_STRTAB), Off: namesAt, Size: uint64(len(names)), Addralign: 1},
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString(dynstr + names)
	return b.Bytes()
}

// finder searches only the places that a test gives it.
func finder(env, python string, system ...string) Finder {
	return Finder{
		Getenv: func(name string) string {
			if name == "LIBTORCH" {
				return env
			}
			return ""
		},
		Python: func(context.Context) (string, error) {
			if python == "" {
				return "", errors.New("no python3")
			}
			return python, nil
		},
		System: append([]string{}, system...),
	}
}

func TestFindOrder(t *testing.T) {
	t.Parallel()
	plant := func(patch string) string {
		return tree{lib: "lib", header: oldHeader, version: [3]string{"2", "1", patch}}.plant(t)
	}
	named, python, system, local := plant("1"), plant("2"), plant("3"), plant("4")
	noHeaders := tree{lib: "lib"}.plant(t)
	empty := t.TempDir()
	for _, c := range []struct {
		name    string
		finder  Finder
		version string
		source  string
	}{
		{"the variable first", finder(named, python, system), "2.1.1", SourceEnv},
		{"then Python's", finder("", python, system), "2.1.2", SourcePython},
		{"then the system's", finder("", "", system, local), "2.1.3", SourceSystem},
		{"the next root of the system", finder("", "", empty, local), "2.1.4", SourceSystem},
		{"a Python package without headers is passed over", finder("", noHeaders, system), "2.1.3", SourceSystem},
		{"a Python package without libraries is passed over", finder("", empty, system), "2.1.3", SourceSystem},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			install, err := c.finder.Find(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if install.Version != c.version || install.Source != c.source {
				t.Errorf("found %s from %s, want %s from %s", install.Version, install.Source, c.version, c.source)
			}
		})
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	if _, err := finder("", "", t.TempDir()).Find(t.Context()); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

// A folder that the user named is used or refused, never passed over.
func TestFindRefusesWhatWasNamed(t *testing.T) {
	t.Parallel()
	good := tree{lib: "lib", header: oldHeader, version: [3]string{"2", "1", "0"}}.plant(t)
	halfVersion := tree{lib: "lib"}.plant(t)
	write(t, filepath.Join(halfVersion, oldHeader), []byte("#define TORCH_VERSION_MAJOR 2\n"))
	noELF := tree{lib: "lib", header: oldHeader, version: [3]string{"2", "1", "0"}}.plant(t)
	write(t, filepath.Join(noELF, "lib", "libc10.so"), []byte("a truncated download"))
	for _, c := range []struct{ name, root, want string }{
		{"empty", t.TempDir(), "no libtorch_cpu.so in"},
		{"no headers", tree{lib: "lib"}.plant(t), "headers missing"},
		{"half a version", halfVersion, "TORCH_VERSION_MAJOR, _MINOR and _PATCH"},
		{"broken library", noELF, "libc10.so"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := finder(c.root, good, good).Find(t.Context())
			if err == nil || errors.Is(err, ErrNotFound) {
				t.Fatalf("error %v, want one about the folder", err)
			}
			if !strings.Contains(err.Error(), "LIBTORCH="+c.root) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: want it to name LIBTORCH=%s and to say %q", err, c.root, c.want)
			}
		})
	}
}

func TestInspectLayouts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		tree tree
		want Install
	}{
		{
			"Debian", tree{lib: "lib/x86_64-linux-gnu", header: oldHeader, version: [3]string{"1", "13", "1"}},
			Install{Version: "1.13.1"},
		},
		{
			"wheel before 2.7", tree{lib: "lib", header: oldHeader, version: [3]string{"2", "6", "0"}, cuda: true, oldABI: true},
			Install{Version: "2.6.0", CUDA: true, OldABI: true},
		},
		{
			"wheel from 2.9 on", tree{lib: "lib", header: newHeader, version: [3]string{"2", "11", "0"}, cuda: true},
			Install{Version: "2.11.0", CUDA: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := c.tree.plant(t)
			got, err := inspect(root, SourceEnv)
			if err != nil {
				t.Fatal(err)
			}
			if got.Version != c.want.Version || got.CUDA != c.want.CUDA || got.OldABI != c.want.OldABI {
				t.Errorf("version %s, CUDA %v, old ABI %v; want %s, %v, %v",
					got.Version, got.CUDA, got.OldABI, c.want.Version, c.want.CUDA, c.want.OldABI)
			}
			if want := filepath.Join(root, c.tree.lib); got.Lib != want {
				t.Errorf("libraries in %s, want %s", got.Lib, want)
			}
			if want := filepath.Join(root, "include"); len(got.Include) != 2 || got.Include[0] != want {
				t.Errorf("headers in %v, want %s first of two", got.Include, want)
			}
		})
	}
}

package libtorch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gotchSources makes the two files of gotch that matter, with wrappers that
// begin at known lines.
func gotchSources(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "torch_api.cpp"), []byte(strings.Join([]string{
		`#include "torch_api.h"`,                // 1
		`int f() {`,                             // 2
		`  PROTECT(`,                            // 3
		`    return one();`,                     // 4
		`  )`,                                   // 5
		`}`,                                     // 6
		`int g() { PROTECT(return two();) }`,    // 7
		`#include "torch_api_generated.cpp.h"`,  // 8
		`int unprotected() { return three(); }`, // 9
	}, "\n")))
	write(t, filepath.Join(dir, "torch_api_generated.cpp.h"), []byte(strings.Join([]string{
		`void atg_a() {`,                // 1
		`  PROTECT(`,                    // 2
		`    auto x = at::a();`,         // 3
		`  )`,                           // 4
		`}`,                             // 5
		`void atg_b() {`,                // 6
		`  PROTECT (`,                   // 7
		`    auto x = at::b(UNPROTECT`,  // 8
		`      (1));`,                   // 9
		`  )`,                           // 10
		`}`,                             // 11
		`// PROTECTED is another word.`, // 12
	}, "\n")))
	return dir
}

func TestIndexWrappers(t *testing.T) {
	t.Parallel()
	index, err := indexWrappers(gotchSources(t))
	if err != nil {
		t.Fatal(err)
	}
	want := wrapperIndex{{3, 7}, {2, 7}}
	if len(index) != len(want) || !slices.Equal(index[0], want[0]) || !slices.Equal(index[1], want[1]) {
		t.Errorf("wrappers at %v, want %v", index, want)
	}
	if _, err := indexWrappers(t.TempDir()); err == nil || !strings.Contains(err.Error(), "torch_api.cpp") {
		t.Errorf("error %v, want one that names the missing file", err)
	}
}

// The output is GCC 12's and Clang 15's, shortened.
func TestFailing(t *testing.T) {
	t.Parallel()
	index := wrapperIndex{{3, 7}, {2, 7}}
	for _, c := range []struct {
		name, output string
		want         []wrapper
	}{
		{"nothing", "", nil},
		{
			"error in the body",
			"In file included from libtch/torch_api.cpp:8:\n" +
				"libtch/torch_api_generated.cpp.h: In function 'void atg_b()':\n" +
				"libtch/torch_api_generated.cpp.h:9:16: error: 'b' is not a member of 'at'\n",
			[]wrapper{{1, 7}},
		},
		{
			"error on the line of the macro",
			"libtch/torch_api.cpp:7:20: error: 'two' was not declared in this scope\n",
			[]wrapper{{0, 7}},
		},
		{
			"error in a template that the body instantiates (GCC)",
			"/usr/include/c10/util/ArrayRef.h:70:9: error: no match for 'operator='\n" +
				"libtch/torch_api_generated.cpp.h:3:16:   required from here\n",
			[]wrapper{{1, 2}},
		},
		{
			"error in a template that the body instantiates (Clang)",
			"/usr/include/c10/util/ArrayRef.h:70:9: error: no viable overloaded '='\n" +
				"libtch/torch_api.cpp:4:12: note: in instantiation of member function 'c10::ArrayRef' requested here\n",
			[]wrapper{{0, 3}},
		},
		{"before the first wrapper", "libtch/torch_api.cpp:1:10: fatal error: torch_api.h: No such file or directory\n", nil},
		{"another file", "/usr/include/stdio.h:3:1: error: expected ';'\n", nil},
		{"a warning", "libtch/torch_api.cpp:4:12: warning: unused variable\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := index.failing([]byte(c.output)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCompatHeader(t *testing.T) {
	t.Parallel()
	missing := map[wrapper]bool{{1, 70}: true, {0, 12}: true, {1, 7}: true}
	header := string(compatHeader(missing))
	want := "#define HPSEARCH_MISSING_0_12 ,\n#define HPSEARCH_MISSING_1_7 ,\n#define HPSEARCH_MISSING_1_70 ,\n#endif\n"
	if !strings.HasSuffix(header, want) {
		t.Errorf("the header ends in\n%s\nwant\n%s", header[max(0, len(header)-len(want)):], want)
	}
	if again := string(compatHeader(missing)); again != header {
		t.Error("the same list gives two headers: Go's build cache would miss")
	}
	for _, line := range []string{"#if defined(__cplusplus) && __has_include(\"torch_api.h\")\n", "#undef PROTECT\n"} {
		if !strings.Contains(header, line) {
			t.Errorf("the header lacks %q", line)
		}
	}
}

func TestWriteStubs(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "stubs")
	if err := writeStubs(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range cudaStubs {
		data, err := os.ReadFile(filepath.Join(dir, "lib"+name+".a"))
		if err != nil {
			t.Error(err)
		} else if string(data) != "!<arch>\n" {
			t.Errorf("lib%s.a holds %q, want an archive without members", name, data)
		}
	}
}

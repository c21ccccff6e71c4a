package task

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// spec returns the settings of tasks in a file or folder.
func spec(kind, path string) setting.Tasks {
	return setting.Tasks{
		Kind: kind, Path: path, Text: "text", Label: "label", Task: "task",
		Fractions: setting.Fractions{Train: 0.64, Validation: 0.16, Test: 0.2},
	}
}

// file writes a file into a new folder and returns its path.
func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t testing.TB, s setting.Tasks) *Family {
	t.Helper()
	f, err := Load(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLoadFiles(t *testing.T) {
	t.Parallel()
	withTasks := &Family{
		Texts: []string{"a 1", "b, 2", "c \"3\"", "d"},
		Classes: []Class{
			{Name: "neg", Task: 0, Examples: []int{2}}, {Name: "pos", Task: 0, Examples: []int{0}},
			{Name: "neg", Task: 1, Examples: []int{1}}, {Name: "pos", Task: 1, Examples: []int{3}},
		},
		Tasks:      []Task{{"books", []int{0, 1}}, {"music", []int{2, 3}}},
		Duplicates: 1,
	}
	numbers := &Family{
		Texts: []string{"x", "y", "z", "y"},
		Classes: []Class{
			{Name: "0", Task: -1, Examples: []int{0, 2}}, {Name: "1", Task: -1, Examples: []int{1}}, {Name: "true", Task: -1, Examples: []int{3}},
		},
	}
	tests := []struct {
		name, file, content string
		change              func(*setting.Tasks)
		want                *Family
	}{
		{"jsonl with tasks", "f.jsonl", `{"text": "a 1", "label": "pos", "task": "books", "more": [1]}
{"text": "b, 2", "label": "neg", "task": "music"}

{"text": "c \"3\"", "label": "neg", "task": "books"}
{"text": "a 1", "label": "pos", "task": "books"}
{"text": "d", "label": "pos", "task": "music"}
`, nil, withTasks},
		{"csv with tasks", "f.csv", "\ufefftask,text,label\r\nbooks,a 1,pos\r\nmusic,\"b, 2\",neg\r\nbooks,\"c \"\"3\"\"\",neg\r\nbooks,a 1,pos\r\nmusic,d,pos\r\n", nil, withTasks},
		{"jsonl with numbers, no end of line", "f.jsonl", "\ufeff" + `{"text":"x","label":0}
{"text":"y","label":1}
{"text":"z","label":0}
{"text":"y","label":true}`, nil, numbers},
		{"csv with other columns", "f.csv", "intent,sentence,task\n0,x,\n1,y,\n0,z,\ntrue,y,\n", func(s *setting.Tasks) {
			s.Text, s.Label, s.Task = "sentence", "intent", "none"
		}, nil},
		{"small classes", "f.csv", "label,text\n0,x\n1,y\n0,z\n", func(s *setting.Tasks) { s.MinPerClass = 2 }, &Family{
			Texts: []string{"x", "z"}, Classes: []Class{{Name: "0", Task: -1, Examples: []int{0, 1}}}, SmallClasses: 1,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := spec(strings.TrimPrefix(filepath.Ext(tt.file), "."), file(t, tt.file, tt.content))
			if tt.change != nil {
				tt.change(&s)
			}
			if tt.want == nil { // a task column that was named must be there
				if _, err := Load(s); err == nil || !strings.Contains(err.Error(), `f.csv:2: no column "none": correct tasks.task`) {
					t.Errorf("error %v", err)
				}
				return
			}
			got := mustLoad(t, s)
			got.Source = ""
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	good := `{"text": "a", "label": "b"}` + "\n"
	tests := []struct {
		name, kind, content, want string
	}{
		{"empty", "jsonl", "", "f.jsonl holds no examples"},
		{"blank lines", "jsonl", "\n\n", "f.jsonl holds no examples"},
		{"truncated", "jsonl", good + `{"text": "a", "lab`, "f.jsonl:2: the line ends in the middle of a JSON object: write each object on one line; if this is the last line, the file is cut short"},
		{"not JSON", "jsonl", good + "text\n", "f.jsonl:2: not a JSON object"},
		{"an array", "jsonl", `["a"]`, "f.jsonl:1: a JSON array, not an object a line (jq -c '.[]' FILE"},
		{"an array of many lines", "jsonl", "[\n  " + good + "]\n", "f.jsonl:1: a JSON array"},
		{"an object of many lines", "jsonl", "{\n  \"text\": \"a\"", "f.jsonl:1: the line ends in the middle of a JSON object: write each object on one line"},
		{"no text column", "jsonl", `{"sentence": "a", "label": "b"}`, `f.jsonl:1: no column "text": the columns are label, sentence; rename the one that holds the text, or name it in a study's tasks.text`},
		{"no label", "jsonl", good + `{"text": "a"}`, `f.jsonl:2: no column "label"`},
		{"null label", "jsonl", `{"text": "a", "label": null}`, "f.jsonl:1: the label is null, not a string"},
		{"text is a number", "jsonl", `{"text": 5, "label": "b"}`, "f.jsonl:1: the text is 5, not a string"},
		{"long wrong value", "jsonl", `{"text": [1,2,3,4,5,6,7,8,9,10,11], "label": "b"}`, "the text is [1,2,3,4,5,6,7,8,9,1…, not"},
		{"empty text", "jsonl", good + `{"text": " ", "label": "b"}`, "f.jsonl:2: the text is empty"},
		{"empty label", "jsonl", good + `{"text": "a", "label": ""}`, "f.jsonl:2: the label is empty"},
		{"empty task", "jsonl", `{"text": "a", "label": "l", "task": ""}`, "f.jsonl:1: the task is empty"},
		{"task missing later", "jsonl", `{"text": "a", "label": "l", "task": "t"}` + "\n" + good, "f.jsonl:2: no task, but "},
		{"task added later", "jsonl", good + `{"text": "a", "label": "l", "task": "t"}`, "f.jsonl:1: no task, but "},
		{"not UTF-8", "jsonl", good + "{\"text\": \"\xe9\", \"label\": \"b\"}", "f.jsonl:2: not UTF-8"},
		{"endless line", "jsonl", good + strings.Repeat("x", longestLine+1), "f.jsonl:2: the line is longer than 4 MiB"},
		{"csv empty", "csv", "", "f.csv holds no examples"},
		{"csv header only", "csv", "text,label\n", "f.csv holds no examples"},
		{"csv no label", "csv", "text,class\na,b\n", `f.csv:1: no column "label": the columns are text, class`},
		{"semicolons", "csv", "text;label\na;b\n", "f.csv:1: fields are separated by semicolons or tabs: save the file with commas"},
		{"tabs", "csv", "text\tlabel\na\tb\n", "f.csv:1: fields are separated by semicolons or tabs"},
		{"csv no text", "csv", "a,b\n", `f.csv:1: no column "text"`},
		{"csv column twice", "csv", "text,label,text\n", `f.csv:1: the column "text" is there twice`},
		{"csv fields", "csv", "text,label\na,b\na,b,c\n", "f.csv:3: wrong number of fields"},
		{"csv quote", "csv", "text,label\na \"b\",c\n", "f.csv:2: bare \" in non-quoted-field"},
		{"csv open quote", "csv", "text,label\na,b\n\"c,d\n", "f.csv:3: "},
		{"csv empty text", "csv", "text,label\na,b\n\"\",b\n", "f.csv:3: the text is empty"},
		{"csv line after a text of two lines", "csv", "text,label\n\"a\nb\",c\n,c\n", "f.csv:4: the text is empty"},
		{"csv not UTF-8", "csv", "text,label\n\xe9,b\n", "f.csv:2: not UTF-8"},
		{"csv header not UTF-8", "csv", "text,label,\xe9\n", "f.csv:1: not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(spec(tt.kind, file(t, "f."+tt.kind, tt.content)))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "reading the tasks: ") {
				t.Errorf("error %v does not contain %q", err, tt.want)
			}
		})
	}
}

func TestLoadPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct {
		spec setting.Tasks
		want string
	}{
		{spec("jsonl", filepath.Join(dir, "none.jsonl")), `none.jsonl: tasks of kind jsonl need a file of {"text": …, "label": …} lines`},
		{spec("jsonl", dir), "is a folder: set tasks.kind to text-folder"},
		{spec("text-folder", dir), "holds no .jsonl, .csv or .parquet file"},
		{spec("text-folder", filepath.Join(dir, "none")), "none: tasks of kind text-folder need a folder of"},
		{spec("wordnet", dir), "no WordNet dictionary (data.noun, data.verb, …) in " + dir},
		{spec("jsonl", file(t, "x.csv", "text,label\na,b\n")), "x.csv:1: not a JSON object: invalid character 'e' in literal true (expecting 'r'); by its name the file is of another kind: set tasks.kind to csv"},
		{spec("csv", file(t, "x.jsonl", `{"text": "a, b", "label": "c"}`)), `by its name the file is of another kind: set tasks.kind to jsonl`},
		{spec("avro", dir), `unknown kind "avro"`},
		{setting.Tasks{Kind: "jsonl", Path: file(t, "f.jsonl", `{"text":"a","label":"b"}`), Text: "text", Label: "label", Task: "task", MinPerClass: 2},
			"none of the classes (1) has 2 examples: lower tasks.min_per_class"},
	}
	for _, tt := range tests {
		if _, err := Load(tt.spec); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %q", tt.spec, err, tt.want)
		}
	}
}

func TestLoadFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"b.csv": "text,label\nthree,x\n", "a.jsonl": `{"text": "one", "label": "x"}` + "\n" + `{"text": "two", "label": "y"}`,
		"notes.txt": "not read", ".hidden.csv": "nor this",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := mustLoad(t, spec("text-folder", dir))
	want := &Family{Source: dir, Texts: []string{"one", "two", "three"}, Classes: []Class{
		{Name: "x", Task: -1, Examples: []int{0, 2}}, {Name: "y", Task: -1, Examples: []int{1}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.csv"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(spec("text-folder", dir)); err == nil || !strings.Contains(err.Error(), "c.csv holds no examples") {
		t.Errorf("an empty file among others: %v", err)
	}
}

func TestLoadWordNet(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, spec("wordnet", "testdata/wordnet"))
	var got []string
	for _, c := range f.Classes {
		got = append(got, fmt.Sprintf("%s %d", c.Name, len(c.Examples)))
	}
	want := []string{"adj.all 12", "adj.ppl 12", "adv.all 12", "noun.animal 12", "noun.food 12", "noun.plant 12", "verb.motion 12", "verb.weather 12"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("classes (-want +got):\n%s", d)
	}
	for _, text := range f.Texts {
		if strings.Contains(text, "|") || text != strings.TrimSpace(text) {
			t.Errorf("gloss %q", text)
		}
	}
	animal := f.Classes[3]
	if text := f.Texts[animal.Examples[0]]; !strings.HasPrefix(text, "a cell or organism in which genetic recombination has occurred") {
		t.Errorf("first animal: %q", text)
	}
}

func TestLoadWordNetErrors(t *testing.T) {
	t.Parallel()
	const synset = "02084071 05 n 01 dog 0 000 | a member of the genus Canis\n"
	tests := []struct {
		name, noun, want string
		parts            bool
	}{
		{"part missing", synset, "data.verb is missing", false},
		{"nothing but the licence", "  1 This software\n", "data.noun holds no synsets", true},
		{"damaged", synset + "0208", "data.noun:2: not a line of a WordNet data file", true},
		{"unknown file number", strings.Replace(synset, " 05 ", " 45 ", 1), "data.noun:1: not a line", true},
		{"no gloss", strings.Replace(synset, "a member of the genus Canis", " ", 1), "data.noun:1: the text is empty", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "data.noun", tt.noun)
			if tt.parts {
				for _, part := range wordNetParts[1:] {
					if err := os.WriteFile(filepath.Join(filepath.Dir(path), part), []byte(synset), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := Load(spec("wordnet", filepath.Dir(path))); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// TestMaxPerClass checks that the sample depends on the seed and the texts,
// not on their order or repetition.
func TestMaxPerClass(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf(`{"text": "text %d", "label": "c%d"}`, i, i%2))
	}
	sample := func(lines []string, seed int64) []string {
		s := spec("jsonl", file(t, "f.jsonl", strings.Join(lines, "\n")))
		s.MaxPerClass, s.SplitSeed = 20, seed
		f := mustLoad(t, s)
		if len(f.Texts) != 40 || len(f.Classes[0].Examples) != 20 || len(f.Classes[1].Examples) != 20 {
			t.Fatalf("%d texts in %+v", len(f.Texts), f.Classes)
		}
		return slices.Sorted(slices.Values(f.Texts))
	}
	first := sample(lines, 1)
	again := append(slices.Clone(lines), lines...)
	slices.Reverse(again)
	if d := cmp.Diff(first, sample(again, 1)); d != "" {
		t.Errorf("order or repetition changed the sample:\n%s", d)
	}
	if slices.Equal(first, sample(lines, 2)) {
		t.Error("another seed draws the same sample")
	}
}

// TestMemoryIsBounded streams many rows through the reader and checks what
// the builder holds on to: at most twice the sample of each class.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const rows, classes, most = 100_000, 5, 10
	pr, pw := io.Pipe()
	go func() {
		for i := range rows {
			fmt.Fprintf(pw, `{"text": "text %d", "label": "c%d"}`+"\n", i, i%classes)
		}
		pw.Close()
	}()
	s := spec("jsonl", "")
	s.MaxPerClass = most
	b := newBuilder(s)
	err := readJSONL("rows", pr, s, b)
	if err != nil || b.rows != rows || len(b.classes) != classes {
		t.Fatalf("%d rows, %d classes, %v", b.rows, len(b.classes), err)
	}
	for key, c := range b.classes {
		if cap(c.kept) > 4*most || len(c.seen) > 2*most {
			t.Errorf("class %s holds %d texts and %d hashes", key.label, cap(c.kept), len(c.seen))
		}
	}
}

func BenchmarkLoadJSONL(b *testing.B) {
	var content strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&content, `{"text": "a text of usual length, number %d", "label": "class %d"}`+"\n", i, i%50)
	}
	s := spec("jsonl", file(b, "f.jsonl", content.String()))
	b.SetBytes(int64(content.Len()))
	for b.Loop() {
		mustLoad(b, s)
	}
}

package render

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

func sample() Document {
	type row struct {
		Name  string   `json:"name"`
		Value *float64 `json:"value"`
		Note  string   `json:"note"`
	}
	half := 0.5
	return Document{
		Data:    []row{{"a", &half, "yes"}, {"b", nil, "x\ty <1>"}},
		Columns: []Column{{Title: "name"}, {Title: "value", Right: true}, {Title: "hidden", CSVOnly: true}, {Title: "made"}},
		Rows: [][]Cell{
			{Text("a"), Number(1.0 / 3), Int(7), Time(now.Add(-3*time.Minute), now)},
			{Text("b\x1b[31m\tc"), Number(math.NaN()), Int(8), Time(time.Time{}, now)},
		},
		Names: []string{"a", "b"},
	}
}

// A long message about one thing is wrapped between words, and not cut.
func TestOutput_Write_facts(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	o := Output{Writer: &got, Format: Table, Terminal: true, Width: 24}
	d := Document{Facts: true, Columns: []Column{{Title: "field"}, {Title: "value"}}, Rows: [][]Cell{
		{Text("number"), Int(0)},
		{Text("error"), Text("crashed: exit code 3, whatever-that-may-mean")},
	}}
	if err := o.Write(d); err != nil {
		t.Fatal(err)
	}
	want := "number  0\nerror   crashed: exit\n        code 3,\n        whatever-that-\n        may-mean\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("output differs (-want +got):\n%s", diff)
	}
}

// A table that is wider than the terminal loses what is missed the least.
func TestOutput_Write_narrow(t *testing.T) {
	t.Parallel()
	d := Document{
		Columns: []Column{{Title: "name"}, {Title: "learning_rate", Right: true}, {Title: "layers_of_it", Right: true}, {Title: "made", Spare: 1},
			{Title: "time", Right: true, Spare: 2}, {Title: "error"}},
		Rows: [][]Cell{
			{Text("first of several"), Number(1.25e-5), Int(12), Text("3 minutes ago"), Text("1.5s"), Text("")},
			{Text("b"), Number(0.5), Int(8), Text("just now"), Text("900ms"), Text("")},
		},
	}
	for _, test := range []struct {
		width int
		want  string
	}{
		{0, "" +
			"NAME              LEARNING_RATE  LAYERS_OF_IT  MADE            TIME  ERROR\n" +
			"first of several       1.25e-05            12  3 minutes ago   1.5s\n" +
			"b                           0.5             8  just now       900ms\n"},
		{70, "" +
			"NAME              LEARNING_RATE  LAYERS_OF_IT  MADE            TIME\n" +
			"first of several       1.25e-05            12  3 minutes ago   1.5s\n" +
			"b                           0.5             8  just now       900ms\n"},
		{60, "" +
			"NAME              LEARNING_RATE  LAYERS_OF_IT   TIME\n" +
			"first of several       1.25e-05            12   1.5s\n" +
			"b                           0.5             8  900ms\n"},
		{40, "" +
			"NAME          LEARNING_RA…  LAYERS_OF_IT\n" +
			"first of se…      1.25e-05            12\n" +
			"b                      0.5             8\n"},
		{10, "" + // it cannot be done
			"NAME    LEARNIN…  LAYER…\n" +
			"first…  1.25e-05      12\n" +
			"b            0.5       8\n"},
	} {
		var got bytes.Buffer
		if err := (Output{Writer: &got, Format: Table, Terminal: true, Width: test.width}).Write(d); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got.String()); diff != "" {
			t.Errorf("width %d (-want +got):\n%s", test.width, diff)
		}
	}
}

func TestOutput_Write(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		output Output
		want   string
	}{
		{"table", Output{Format: Table, Terminal: true},
			"NAME         VALUE  MADE\na         0.333333  3 minutes ago\nb [31m c         -  -\n"},
		{"narrow table", Output{Format: Table, Terminal: true, Width: 32},
			"NAME         VALUE  MADE\na         0.333333  3 minutes a…\nb [31m c         -  -\n"},
		{"tabs", Output{Format: Table},
			"a\t0.3333333333333333\t2025-03-01T11:57:00Z\nb [31m c\t\t\n"},
		{"csv", Output{Format: CSV},
			"name,value,hidden,made\na,0.3333333333333333,7,2025-03-01T11:57:00Z\nb\x1b[31m\tc,,8,\n"},
		{"json", Output{Format: JSON},
			"[\n  {\n    \"name\": \"a\",\n    \"value\": 0.5,\n    \"note\": \"yes\"\n  },\n  {\n    \"name\": \"b\",\n    \"value\": null,\n    \"note\": \"x\\ty <1>\"\n  }\n]\n"},
		{"yaml", Output{Format: YAML},
			"- name: a\n  value: 0.5\n  note: \"yes\"\n- name: b\n  value: null\n  note: \"x\\ty <1>\"\n"},
		{"name", Output{Format: Name}, "a\nb\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			test.output.Writer = &got
			if err := test.output.Write(sample()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.String()); diff != "" {
				t.Errorf("output differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutput_Write_empty(t *testing.T) {
	t.Parallel()
	empty := Document{Data: []int{}, Columns: []Column{{Title: "name"}}, Empty: "No studies."}
	for _, test := range []struct {
		output Output
		want   string
	}{
		{Output{Format: Table, Terminal: true}, "No studies.\n"},
		{Output{Format: Table}, ""},
		{Output{Format: JSON}, "[]\n"},
		{Output{Format: YAML}, "[]\n"},
		{Output{Format: CSV}, "name\n"},
		{Output{Format: Name}, ""},
	} {
		var got bytes.Buffer
		test.output.Writer = &got
		if err := test.output.Write(empty); err != nil {
			t.Fatal(err)
		}
		if got.String() != test.want {
			t.Errorf("%s, terminal %v: %q, want %q", test.output.Format, test.output.Terminal, got.String(), test.want)
		}
	}
}

func TestOutput_Write_color(t *testing.T) {
	t.Parallel()
	d := Document{Facts: true, Columns: []Column{{}, {}}, Rows: [][]Cell{{Text("state"), Tinted("FAIL", Bad)}}}
	for color, want := range map[bool]string{
		true:  "state  \x1b[31mFAIL\x1b[m\n",
		false: "state  FAIL\n",
	} {
		var got bytes.Buffer
		if err := (Output{Writer: &got, Format: Table, Terminal: true, Color: color}).Write(d); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("color %v: %q, want %q", color, got.String(), want)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		1500 * time.Microsecond:               "2ms",
		2345 * time.Millisecond:               "2.3s",
		42*time.Second + 400*time.Millisecond: "42s",
		time.Minute + 5*time.Second:           "1m05s",
		3*time.Hour + 4*time.Minute:           "3h04m",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 trials", 1: "1 trial", 2: "2 trials"} {
		if got := Count(n, "trial"); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		if got, err := ParseFormat(string(f)); err != nil || got != f {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	if _, err := ParseFormat("xml"); err == nil {
		t.Error("xml was accepted")
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"study \x1b[31mred\x07\u009b2J": "study  [31mred  2J",
		"two\nlines\r\n":                "two\nlines \n",
		"日本\t語":                         "日本 語",
	} {
		if got := Lines(text); got != want {
			t.Errorf("Lines(%q) = %q, want %q", text, got, want)
		}
	}
}

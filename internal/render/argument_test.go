package render

import "testing"

func TestArgument(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"wordnet-5way_2.yaml": "wordnet-5way_2.yaml",
		"Their study":         "'Their study'",
		"a$(b)":               "'a$(b)'",
		"it's":                `'it'\''s'`,
		"":                    "''",
		"a\nb":                "'a\nb'",
		"-f":                  "'-f'",
	} {
		if got := Argument(name); got != want {
			t.Errorf("Argument(%q) = %s, want %s", name, got, want)
		}
	}
}

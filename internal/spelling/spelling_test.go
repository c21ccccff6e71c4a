package spelling

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	valid := []string{"learning_rate", "weight_decay", "ways"}
	for word, want := range map[string]string{
		"lerning_rate":  "learning_rate",
		"Learning-Rate": "learning_rate",
		"weigth_decay":  "weight_decay",
		"way":           "ways",
		"wyas":          "ways",
		"banana":        "",
		"learning":      "learning_rate",
		"we":            "",
		"a":             "",
		"":              "",
	} {
		if got := Nearest(word, valid); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

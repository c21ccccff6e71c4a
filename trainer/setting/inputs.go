package setting

import "fmt"

// Kinds of inputs: what tasks have, and what a network reads.
const (
	texts   = "texts"
	images  = "images"
	numbers = "numbers"
)

// inputs says what the examples of a kind of tasks are.
func (t Tasks) inputs() string {
	switch {
	case t.Kind == KindImages:
		return images
	case t.Generated():
		return numbers
	}
	return texts
}

// reads says what each described network computes on. An MLP takes the pixels
// of an image as numbers.
var reads = map[string][]string{
	ModelBERT:  {texts},
	ModelConv4: {images},
	ModelMLP:   {numbers, images},
}

// checkInputs reports a described network that cannot read the tasks. What a
// folder holds is for whoever opens it to say.
func (c *Config) checkInputs(given map[string]bool) Problems {
	if !given["tasks.kind"] || c.Model.Kind == "" {
		return nil
	}
	have := c.Tasks.inputs()
	for _, what := range reads[c.Model.Kind] {
		if what == have {
			return nil
		}
	}
	return Problems{{
		Name: "model.kind", With: []string{"tasks.kind", "model"},
		Text: fmt.Sprintf("%s reads %s, tasks of kind %s are none", c.Model.Kind, reads[c.Model.Kind][0], c.Tasks.Kind),
		Hint: fmt.Sprintf("for %s use %s", have, readersOf(have)),
	}}
}

// readersOf names what computes on such inputs.
func readersOf(inputs string) string {
	switch inputs {
	case images:
		return ModelConv4
	case numbers:
		return ModelMLP
	}
	return "the folder of a pretrained model, or " + ModelBERT
}

// Conv4Side is the least number of pixels of an image's side that a conv4 can
// halve four times.
const Conv4Side = 16

// FitsImages reports whether a described network can read images of that size.
func (m Model) FitsImages(width, height int) error {
	if m.Kind == ModelConv4 && min(width, height) < Conv4Side {
		return fmt.Errorf("a conv4 halves images four times, those of %d x %d pixels are too small: set tasks.image_size to %d or more",
			width, height, Conv4Side)
	}
	return nil
}

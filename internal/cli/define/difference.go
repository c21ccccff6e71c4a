package define

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

// Difference says in what a study file differs from the stored study of the
// same name, "train (shots: 3 instead of 2)" for example, "" when it does not.
// What the file leaves open (the split, a seed, the kind of sampler) does not
// count, and neither does the budget, which a run may change.
func Difference(file *studyfile.File, stored *search.Definition) (string, error) {
	mine, theirs := file.Definition, *stored
	mine.Split, theirs.Split = nil, nil
	mine.Budget, theirs.Budget = search.Budget{}, search.Budget{}
	if !file.SeedGiven {
		mine.Sampler.Seed = theirs.Sampler.Seed
	}
	if !file.SamplerGiven {
		mine.Sampler.Kind = theirs.Sampler.Kind
	}
	a, err := sections(&mine)
	if err != nil {
		return "", err
	}
	b, err := sections(&theirs)
	if err != nil {
		return "", err
	}
	for _, key := range []string{"objective", "train", "space", "sampler", "pruner", "enqueue"} {
		if !bytes.Equal(a[key], b[key]) {
			return key + within(a[key], b[key]), nil
		}
	}
	return "", nil
}

// sections returns the parts of a definition as canonical JSON.
func sections(def *search.Definition) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(def)
	if err != nil {
		return nil, fmt.Errorf("study %s: %w", def.Name, err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("study %s: %w", def.Name, err)
	}
	return parts, nil
}

// within says in brackets what of a part of two definitions differs: the
// settings with their values, or the names of what is in a list. It is empty
// where that is only the order, or the part has no names.
func within(mine, theirs json.RawMessage) string {
	a, values := named(mine)
	b, _ := named(theirs)
	all := maps.Clone(a)
	maps.Copy(all, b)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch {
		case a[name] == b[name]:
		case values:
			parts = append(parts, fmt.Sprintf("%s: %s instead of %s", name, cmp.Or(a[name], "none"), cmp.Or(b[name], "none")))
		default:
			parts = append(parts, name)
		}
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// named returns what an object or a list of named objects holds, by name, and
// whether it is an object.
func named(text json.RawMessage) (items map[string]string, object bool) {
	items = map[string]string{}
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) == nil {
		for name, value := range fields {
			var word string
			if json.Unmarshal(value, &word) != nil {
				word = string(value)
			}
			items[name] = word
		}
		return items, true
	}
	var list []json.RawMessage
	if json.Unmarshal(text, &list) == nil {
		for _, item := range list {
			var of struct {
				Name string `json:"name"`
			}
			if json.Unmarshal(item, &of) == nil && of.Name != "" {
				items[of.Name] = string(item)
			}
		}
	}
	return items, false
}

package objective

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// placeholder finds {name}, and {{name}}, which stands for {name} itself.
var placeholder = regexp.MustCompile(`\{\{([A-Za-z_][A-Za-z0-9_.-]*)\}\}|\{([A-Za-z_][A-Za-z0-9_.-]*)\}`)

// Placeholders returns the names that the arguments of a command refer to as
// {name}, each once, in order.
func Placeholders(command []string) []string {
	var names []string
	for _, arg := range command {
		for _, match := range placeholder.FindAllStringSubmatch(arg, -1) {
			if name := match[2]; name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// expand puts the values of a trial's configuration into a command. A setting
// that the configuration does not have, because its condition does not hold,
// becomes an empty text.
func expand(command []string, config map[string]any) ([]string, error) {
	expanded := make([]string, len(command))
	for i, arg := range command {
		var failure error
		expanded[i] = placeholder.ReplaceAllStringFunc(arg, func(found string) string {
			match := placeholder.FindStringSubmatch(found)
			if match[1] != "" {
				return found[1 : len(found)-1]
			}
			v, ok := config[match[2]]
			if !ok {
				return ""
			}
			text, err := argument(v)
			if err != nil {
				failure = fmt.Errorf("setting %q as an argument: %w", match[2], err)
			}
			return text
		})
		if failure != nil {
			return nil, failure
		}
	}
	return expanded, nil
}

// argument writes a value as programs read it: text as it is, a number with
// all its digits, everything else as JSON.
func argument(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

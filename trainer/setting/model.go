package setting

import "fmt"

// modelParts has the settings of each kind of network: those that it needs.
var modelParts = map[string][]string{
	ModelMLP:  {"model.hidden"},
	ModelBERT: {"model.layers", "model.hidden", "model.heads", "model.tokenizer"},
}

// check reports parts of a described network that are missing or do not fit.
func (m Model) check(given map[string]bool) Problems {
	var ps Problems
	for _, name := range modelParts[m.Kind] {
		if !given[name] {
			s, _ := Lookup(name)
			ps = append(ps, Problem{Name: name, With: []string{"model.kind"}, Text: "is missing, a " + m.Kind + " needs it", Hint: s.Allowed()})
		}
	}
	if m.Kind != ModelBERT || len(ps) > 0 {
		return ps
	}
	if len(m.Hidden) != 1 {
		return append(ps, Problem{
			Name: "model.hidden", With: []string{"model.kind"},
			Text: fmt.Sprintf("a bert has one width, not %d", len(m.Hidden)), Hint: "write one number, such as 128",
		})
	}
	if width := m.Hidden[0]; width%m.Heads != 0 {
		ps = append(ps, Problem{
			Name: "model.hidden", With: []string{"model.heads", "model.kind"},
			Text: fmt.Sprintf("%d is no multiple of the %d heads", width, m.Heads),
			Hint: fmt.Sprintf("use %d, or other heads", (width/m.Heads+1)*m.Heads),
		})
	}
	return ps
}

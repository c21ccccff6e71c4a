package define

import (
	"fmt"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// checkExported holds the freezing strategies of a study against an exported
// network of images or numbers.
func checkExported(def *search.Definition, model string, trial *setting.Config) error {
	var c hf.PlainConfig
	if err := hf.ReadPlain(model, &c); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	described := setting.Model{Kind: setting.ModelMLP, Hidden: c.Widths}
	if c.ModelType == hf.Conv4ModelType {
		described = setting.Model{Kind: setting.ModelConv4}
	}
	network, ok := described.Anatomy()
	if !ok {
		return fmt.Errorf("model: %s/config.json names no layers", model)
	}
	return checkFreeze(def, model, network, trial)
}

// checkSides compares what examples look like with the exported networks that a
// study trains on, or starts from. sides are [channels, height, width] of
// images, the number of numbers of others, nil of texts. config is one that a
// trial can run.
func checkSides(def *search.Definition, config *setting.Config, sides []int64) error {
	for _, model := range models(def) {
		var c hf.PlainConfig
		if err := hf.ReadPlain(model, &c); err != nil {
			return fmt.Errorf("model: %w", err)
		}
		if !hf.IsPlain(c.ModelType) {
			continue
		}
		if err := c.Accepts(sides); err != nil {
			return fmt.Errorf("model: %s: %w", model, err)
		}
	}
	dir, ok := def.Train[warmStartKey].(string)
	if !ok || config.Model.Path != "" { // of a folder, checkWarmStart has seen to it
		return nil
	}
	if err := hf.HasArchitecture(dir, architecture(config, sides), config.Model.String()); err != nil {
		return fmt.Errorf("%s: %w", warmStartKey, err)
	}
	if config.Model.Kind != setting.ModelBERT {
		return nil
	}
	if err := hf.SameTokenizer(config.Model.Tokenizer, dir); err != nil {
		return fmt.Errorf("%s: %w", warmStartKey, err)
	}
	return nil
}

// architecture returns what the config.json of a described network would hold,
// as encoding/json decodes it.
func architecture(config *setting.Config, sides []int64) map[string]any {
	m := config.Model
	switch m.Kind {
	case setting.ModelConv4:
		return map[string]any{
			"model_type": hf.Conv4ModelType, "filters": float64(m.Filters),
			"channels": float64(sides[0]), "height": float64(sides[1]), "width": float64(sides[2]),
		}
	case setting.ModelMLP:
		inputs, widths := int64(1), make([]any, len(m.Hidden))
		for _, n := range sides {
			inputs *= n
		}
		for i, w := range m.Hidden {
			widths[i] = float64(w)
		}
		return map[string]any{"model_type": hf.MLPModelType, "inputs": float64(inputs), "widths": widths}
	}
	return map[string]any{
		"model_type": "bert", "num_hidden_layers": float64(m.Layers), "hidden_size": float64(m.Hidden[0]), "num_attention_heads": float64(m.Heads),
		"intermediate_size": float64(4 * m.Hidden[0]), "max_position_embeddings": float64(max(hf.LeastPositions, config.MaxLength)),
	}
}

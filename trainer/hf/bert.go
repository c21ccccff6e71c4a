package hf

import (
	"encoding/json"
	"fmt"
)

// A Shape is the size of a BERT that is made from nothing.
type Shape struct {
	Layers        int
	Hidden, Heads int64
	Vocabulary    int64 // tokens
	Positions     int64 // the longest text, in tokens
	Pad           int32 // id of the padding token
}

// NewBERT returns the configuration of a BERT of that shape, with what Devlin
// et al. 2019 have in common for all sizes: a feed-forward network four times
// as wide as the model (section 3), GELU, dropout 0.1 (appendix A.2).
func NewBERT(s Shape) (*Config, error) {
	c := &Config{
		ModelType: "bert", Hidden: s.Hidden, Layers: s.Layers, Heads: s.Heads, Intermediate: 4 * s.Hidden,
		Activation: "gelu", MaxPositions: s.Positions, Types: 2, Vocabulary: s.Vocabulary, Epsilon: 1e-12,
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("a new BERT: %w", err)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("a new BERT: %w", err)
	}
	if err := json.Unmarshal(encoded, &c.raw); err != nil {
		return nil, fmt.Errorf("a new BERT: %w", err)
	}
	c.raw["attention_probs_dropout_prob"], c.raw["hidden_dropout_prob"] = 0.1, 0.1
	c.raw["initializer_range"] = InitializerRange
	c.raw["position_embedding_type"] = "absolute"
	c.raw["pad_token_id"] = s.Pad
	return c, nil
}

// LeastPositions is the least number of positions of a new model, BERT's own, so
// that longer texts than those it was trained on can be given to it.
const LeastPositions = 512

// InitializerRange is the standard deviation of BERT's new weights (the
// initializer_range of the original code's configuration).
const InitializerRange = 0.02

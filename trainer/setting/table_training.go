package setting

// algorithmSettings say how it is meta-trained.
var algorithmSettings = []Setting{
	{
		Name: "algorithm", Type: Choice, Default: "protonet", Choices: algorithmNames(),
		Doc: "How the encoder is meta-trained. joint: every task has its own head on the shared encoder. protonet: prototypical networks on episodes.",
		set: func(c *Config, v any) { c.Algorithm = v.(string) },
	},
}

// optimizerSettings describe the outer optimizer and what it trains.
var optimizerSettings = []Setting{
	{
		Name: "learning_rate", Type: Float, Default: 2e-5, Range: Range{Low: 0, High: 10, OpenLow: true},
		Doc: "Peak learning rate of the outer AdamW. BERT's own fine-tuning used 2e-5 to 5e-5.",
		set: func(c *Config, v any) { c.LearningRate = v.(float64) },
	},
	{
		Name: "weight_decay", Type: Float, Default: 0.01, Range: between(0, 1),
		Doc: "Decoupled weight decay (Loshchilov and Hutter 2019); biases and LayerNorm have none.",
		set: func(c *Config, v any) { c.WeightDecay = v.(float64) },
	},
	{
		Name: "freeze", Type: Pattern, Default: "none", Choices: freezeForms,
		Doc:   "What keeps its pretrained values: nothing; the embeddings; the embeddings and the K lowest layers; everything but the layers on top of the encoder.",
		parse: func(s string) error { _, err := ParseFreeze(s); return err },
		set:   func(c *Config, v any) { c.Freeze, _ = ParseFreeze(v.(string)) },
	},
	{
		Name: "warmup_ratio", Type: Float, Default: 0.1, Range: Range{Low: 0, High: 1, OpenHigh: true},
		Doc: "Share of all steps during which the learning rate rises from 0 to its peak; it falls linearly to 0 afterwards.",
		set: func(c *Config, v any) { c.WarmupRatio = v.(float64) },
	},
	{
		Name: "dropout", Type: Float, Default: 0.1, Range: Range{Low: 0, High: 1, OpenHigh: true},
		Doc: "Dropout of the encoder and of the heads while training.",
		set: func(c *Config, v any) { c.Dropout = v.(float64) },
	},
	{
		Name: "gradient_clip", Type: Float, Default: 1.0, Range: between(0, 1e6),
		Doc: "Largest global L2 norm of the gradient, larger ones are scaled down to it; 0 turns it off.",
		set: func(c *Config, v any) { c.GradientClip = v.(float64) },
	},
}

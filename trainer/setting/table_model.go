package setting

// modelSettings say what is trained.
var modelSettings = []Setting{
	{
		Name: "model", Type: FolderOrMapping, Required: true,
		Doc: "Folder of the pretrained model, as Hugging Face lays it out: config.json, the weights and the tokenizer. Or a mapping that describes a network to train from nothing.",
		set: func(c *Config, v any) { c.Model.Path = v.(string) },
	},
	{
		Name: "warm_start", Type: Path, Fixed: true,
		Doc: "Folder of an exported model of the same architecture and tokenizer, from whose weights training starts instead of the model's own; `hpsearch run FILE --warm-start DIR` sets it.",
		set: func(c *Config, v any) { c.WarmStart = v.(string) },
	},
	{
		Name: "model.kind", Type: Choice, Fixed: true, Choices: modelKinds,
		Doc: "The network to train from nothing.",
		set: func(c *Config, v any) { c.Model.Kind = v.(string) },
	},
	{
		Name: "model.layers", Type: Int, Fixed: true, Range: between(1, 96), ReadBy: ReadBy{Kinds: []string{ModelBERT}},
		Doc: "bert: layers above the embeddings.",
		set: func(c *Config, v any) { c.Model.Layers = int(v.(int64)) },
	},
	{
		Name: "model.hidden", Type: Numbers, Fixed: true, Range: between(1, 1<<16), ReadBy: ReadBy{Kinds: []string{ModelMLP, ModelBERT}},
		Doc: "mlp: the width of each layer. bert: the width of the hidden states, a multiple of heads.",
		set: func(c *Config, v any) { c.Model.Hidden = v.([]int64) },
	},
	{
		Name: "model.heads", Type: Int, Fixed: true, Range: between(1, 1024), ReadBy: ReadBy{Kinds: []string{ModelBERT}},
		Doc: "bert: heads of attention.",
		set: func(c *Config, v any) { c.Model.Heads = v.(int64) },
	},
	{
		Name: "model.tokenizer", Type: Path, Fixed: true, ReadBy: ReadBy{Kinds: []string{ModelBERT}},
		Doc: "bert: the tokenizer, a folder of Hugging Face's layout or a vocab.txt.",
		set: func(c *Config, v any) { c.Model.Tokenizer = v.(string) },
	},
	{
		Name: "model.filters", Type: Int, Fixed: true, Range: between(1, 4096), ReadBy: ReadBy{Kinds: []string{ModelConv4}},
		Doc: "conv4: filters of each of the four convolutions; when absent 64, as in the papers that compare few-shot methods.",
		set: func(c *Config, v any) { c.Model.Filters = v.(int64) },
	},
}

// textSettings say how texts become vectors.
var textSettings = []Setting{
	{
		Name: "max_length", Type: Int, Default: int64(128), Range: between(3, 8192), ReadBy: ReadBy{Inputs: onlyTexts},
		Doc: "Tokens of a text, the two special ones included; longer texts are cut.",
		set: func(c *Config, v any) { c.MaxLength = int(v.(int64)) },
	},
	{
		Name: "token_dropout", Type: Float, Default: 0.0, Range: Range{Low: 0, High: 1, OpenHigh: true}, ReadBy: ReadBy{Inputs: onlyTexts},
		Doc: "Share of a text's tokens that are left out while training, drawn anew for each step; the special ones stay, and one other. It turns prefix_cache off.",
		set: func(c *Config, v any) { c.TokenDropout = v.(float64) },
	},
	{
		Name: "token_mask", Type: Float, Default: 0.0, Range: Range{Low: 0, High: 1, OpenHigh: true}, ReadBy: ReadBy{Inputs: onlyTexts},
		Doc: "Share of a text's tokens that are replaced by [MASK] while training, likewise; for a BERT model.",
		set: func(c *Config, v any) { c.TokenMask = v.(float64) },
	},
	{
		Name: "pooling", Type: Choice, Default: "mean", Choices: []string{"mean", "cls"}, ReadBy: ReadBy{Inputs: onlyTexts, Types: withHead},
		Doc: "How token vectors become one: their mean over the text (Reimers and Gurevych 2019) or the vector of [CLS].",
		set: func(c *Config, v any) { c.Pooling = v.(string) },
	},
}

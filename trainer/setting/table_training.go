package setting

// algorithmSettings say how it is meta-trained.
var algorithmSettings = []Setting{
	{
		Name: "algorithm", Type: Choice, Default: "protonet", Choices: algorithmNames(),
		Doc: "How the encoder is meta-trained. joint: every task has its own head on the shared encoder. protonet: prototypical networks on episodes.",
		set: func(c *Config, v any) { c.Algorithm = v.(string) },
	},
}

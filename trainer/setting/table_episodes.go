package setting

// episodeSettings describe the sizes of episodes and batches.
var episodeSettings = []Setting{
	{
		Name: "batch_size", Type: Int, Default: int64(16), Range: between(1, 65536), ReadBy: ReadBy{Algorithms: []string{Joint, Finetune}, ManyHeads: true},
		Doc: "joint: examples of one task in a step. finetune: examples of a step.",
		set: func(c *Config, v any) { c.BatchSize = int(v.(int64)) },
	},
	{
		Name: "ways", Type: Int, Default: int64(5), Range: between(2, 10000), ReadBy: ReadBy{Types: onlyClasses},
		Doc: "Classes of an episode. For joint on a family without tasks: classes of each task that is made.",
		set: func(c *Config, v any) { c.Ways = int(v.(int64)) },
	},
	{
		Name: "shots", Type: Int, Default: int64(5), Range: between(1, 10000),
		Doc: "Labelled examples of each class that a task is learned from.",
		set: func(c *Config, v any) { c.Shots = int(v.(int64)) },
	},
	{
		Name: "query_shots", Type: Int, Default: int64(15), Range: between(1, 10000),
		Doc: "Other examples of each class that what was learned is measured on.",
		set: func(c *Config, v any) { c.QueryShots = int(v.(int64)) },
	},
	{
		Name: "eval_ways", Type: Int, Fixed: true, Range: between(2, 10000), ReadBy: ReadBy{Types: onlyClasses},
		Doc: "Classes of a validation or test episode; ways when absent. A study that searches ways must set it, or its trials could not be compared.",
		set: func(c *Config, v any) { c.EvalWays = int(v.(int64)) },
	},
	{
		Name: "eval_shots", Type: Int, Fixed: true, Range: between(1, 10000),
		Doc: "Shots of a validation or test episode; shots when absent. A study that searches shots must set it.",
		set: func(c *Config, v any) { c.EvalShots = int(v.(int64)) },
	},
	{
		Name: "meta_batch_size", Type: Int, Default: int64(1), Range: between(1, 10000), ReadBy: ReadBy{Algorithms: metaTraining},
		Doc: "Tasks (episodes) whose losses are averaged in a step.",
		set: func(c *Config, v any) { c.MetaBatchSize = int(v.(int64)) },
	},
}

// lengthSettings say how long is trained, and what is measured.
var lengthSettings = []Setting{
	{
		Name: "iterations", Type: Int, Range: between(1, maxCount), ReadBy: ReadBy{Algorithms: metaTraining},
		Doc: "Steps of the outer optimizer. Give this or epochs; 1000 when neither is given, but for joint.",
		set: func(c *Config, v any) { c.Iterations = int(v.(int64)) },
	},
	{
		Name: "epochs", Type: Int, Range: between(1, 1e6), ReadBy: ReadBy{Algorithms: []string{Joint}},
		Doc: "Passes over the meta-training examples. Give this or iterations; 3 for joint when neither is given.",
		set: func(c *Config, v any) { c.Epochs = int(v.(int64)) },
	},
	{
		Name: "eval_every", Type: Int, Range: between(1, maxCount), ReadBy: ReadBy{Algorithms: metaTraining},
		Doc: "Steps between validations. When absent: an epoch, or a tenth of the iterations.",
		set: func(c *Config, v any) { c.EvalEvery = int(v.(int64)) },
	},
	{
		Name: "eval_episodes", Type: Int, Default: int64(50), Range: between(1, 1e6), Fixed: true,
		Doc: "Episodes of a validation, the same ones every time and in every trial.",
		set: func(c *Config, v any) { c.EvalEpisodes = int(v.(int64)) },
	},
	{
		Name: "test_episodes", Type: Int, Default: int64(600), Range: between(1, 1e6), Fixed: true,
		Doc: "Episodes of the final test; 600 is what the few-shot literature reports.",
		set: func(c *Config, v any) { c.TestEpisodes = int(v.(int64)) },
	},
	{
		Name: "early_stopping", Type: Int, Default: int64(0), Range: between(0, 1e6), ReadBy: ReadBy{Algorithms: metaTraining},
		Doc: "Validations without a better value after which training ends; 0 turns it off.",
		set: func(c *Config, v any) { c.EarlyStopping = int(v.(int64)) },
	},
}

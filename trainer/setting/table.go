package setting

// The largest counts that are accepted. They are far above what anybody
// trains; they catch a slip of the keyboard and keep sums inside int64.
const (
	maxCount = 1e9
	maxSeed  = 1 << 53 // exact as a JSON number
)

func between(low, high float64) Range { return Range{Low: low, High: high} }

// table is the schema. Defaults follow the papers that introduced the method:
// BERT (Devlin et al. 2019, appendix A.3) for fine-tuning, prototypical
// networks (Snell et al. 2017, section 3) for episodes, the class split of
// miniImageNet (Ravi and Larochelle 2017: 64, 16 and 20 classes) for tasks.
var table = []Setting{
	{
		Name: "model", Type: Path, Required: true,
		Doc: "Folder of the pretrained encoder, as Hugging Face lays it out: config.json, the weights and the tokenizer.",
		set: func(c *Config, v any) { c.Model = v.(string) },
	},
	{
		Name: "tasks", Type: Mapping, Required: true, Fixed: true,
		Doc: "The family of tasks that is learned from.",
	},
	{
		Name: "tasks.kind", Type: Choice, Required: true, Fixed: true, Choices: taskKinds,
		Doc: "wordnet: glosses classified by lexicographer file. jsonl, csv: one file of labelled texts. text-folder: a folder of such files.",
		set: func(c *Config, v any) { c.Tasks.Kind = v.(string) },
	},
	{
		Name: "tasks.path", Type: Path, Fixed: true,
		Doc: "The file or folder. For wordnet it may be left out: the usual places are looked at.",
		set: func(c *Config, v any) { c.Tasks.Path = v.(string) },
	},
	{
		Name: "tasks.text", Type: Text, Default: "text", Fixed: true,
		Doc: "Column that holds the text.",
		set: func(c *Config, v any) { c.Tasks.Text = v.(string) },
	},
	{
		Name: "tasks.label", Type: Text, Default: "label", Fixed: true,
		Doc: "Column that holds the class.",
		set: func(c *Config, v any) { c.Tasks.Label = v.(string) },
	},
	{
		Name: "tasks.task", Type: Text, Default: "task", Fixed: true,
		Doc: "Column that holds the task. A family without the column has classes only, and tasks are made of them.",
		set: func(c *Config, v any) { c.Tasks.Task = v.(string) },
	},
	{
		Name: "tasks.max_per_class", Type: Int, Default: int64(0), Fixed: true, Range: between(0, maxCount),
		Doc: "Most examples kept of a class, drawn with split_seed; 0 keeps all.",
		set: func(c *Config, v any) { c.Tasks.MaxPerClass = int(v.(int64)) },
	},
	{
		Name: "tasks.min_per_class", Type: Int, Default: int64(0), Fixed: true, Range: between(0, maxCount),
		Doc: "Classes with fewer examples are left out; 0 keeps all.",
		set: func(c *Config, v any) { c.Tasks.MinPerClass = int(v.(int64)) },
	},
	{
		Name: "tasks.split_seed", Type: Int, Default: int64(0), Fixed: true, Range: between(0, maxSeed),
		Doc: "Seed of the split into meta-train, meta-validation and meta-test.",
		set: func(c *Config, v any) { c.Tasks.SplitSeed = v.(int64) },
	},
	{
		Name: "tasks.split", Type: Mapping, Fixed: true,
		Doc: "The share of the classes (or tasks) that each part of the split gets; the three sum to 1. The defaults are those of miniImageNet.",
	},
	{
		Name: "tasks.split.train", Type: Float, Default: 0.64, Fixed: true, Range: openBoth(0, 1),
		Doc: "Share for meta-training.",
		set: func(c *Config, v any) { c.Tasks.Fractions.Train = v.(float64) },
	},
	{
		Name: "tasks.split.validation", Type: Float, Default: 0.16, Fixed: true, Range: openBoth(0, 1),
		Doc: "Share for meta-validation, which the search sees.",
		set: func(c *Config, v any) { c.Tasks.Fractions.Validation = v.(float64) },
	},
	{
		Name: "tasks.split.test", Type: Float, Default: 0.2, Fixed: true, Range: openBoth(0, 1),
		Doc: "Share for meta-test, which only the final report sees.",
		set: func(c *Config, v any) { c.Tasks.Fractions.Test = v.(float64) },
	},
	{
		Name: "split", Type: Mapping, Fixed: true,
		Doc: "The split itself: names of classes or tasks under train, validation and test. Written into a study when it is created; drawn with split_seed when absent.",
	},
	{
		Name: "algorithm", Type: Choice, Default: "protonet", Choices: algorithmNames(),
		Doc: "How the encoder is meta-trained. joint: every task has its own head on the shared encoder. protonet: prototypical networks on episodes.",
		set: func(c *Config, v any) { c.Algorithm = v.(string) },
	},
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
	{
		Name: "batch_size", Type: Int, Default: int64(16), Range: between(1, 65536), Algorithms: []string{"joint"},
		Doc: "Examples of one task in a step.",
		set: func(c *Config, v any) { c.BatchSize = int(v.(int64)) },
	},
	{
		Name: "ways", Type: Int, Default: int64(5), Range: between(2, 10000),
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
		Name: "eval_ways", Type: Int, Fixed: true, Range: between(2, 10000),
		Doc: "Classes of a validation or test episode; ways when absent. A study that searches ways must set it, or its trials could not be compared.",
		set: func(c *Config, v any) { c.EvalWays = int(v.(int64)) },
	},
	{
		Name: "eval_shots", Type: Int, Fixed: true, Range: between(1, 10000),
		Doc: "Shots of a validation or test episode; shots when absent. A study that searches shots must set it.",
		set: func(c *Config, v any) { c.EvalShots = int(v.(int64)) },
	},
	{
		Name: "meta_batch_size", Type: Int, Default: int64(1), Range: between(1, 10000),
		Doc: "Tasks (episodes) whose losses are averaged in a step.",
		set: func(c *Config, v any) { c.MetaBatchSize = int(v.(int64)) },
	},
	{
		Name: "iterations", Type: Int, Range: between(1, maxCount),
		Doc: "Steps of the outer optimizer. Give this or epochs; 1000 for protonet when neither is given.",
		set: func(c *Config, v any) { c.Iterations = int(v.(int64)) },
	},
	{
		Name: "epochs", Type: Int, Range: between(1, 1e6), Algorithms: []string{"joint"},
		Doc: "Passes over the meta-training examples. Give this or iterations; 3 for joint when neither is given.",
		set: func(c *Config, v any) { c.Epochs = int(v.(int64)) },
	},
	{
		Name: "eval_every", Type: Int, Range: between(1, maxCount),
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
		Name: "early_stopping", Type: Int, Default: int64(0), Range: between(0, 1e6),
		Doc: "Validations without a better value after which training ends; 0 turns it off.",
		set: func(c *Config, v any) { c.EarlyStopping = int(v.(int64)) },
	},
	{
		Name: "max_length", Type: Int, Default: int64(128), Range: between(3, 8192),
		Doc: "Tokens of a text, the two special ones included; longer texts are cut.",
		set: func(c *Config, v any) { c.MaxLength = int(v.(int64)) },
	},
	{
		Name: "pooling", Type: Choice, Default: "mean", Choices: []string{"mean", "cls"},
		Doc: "How token vectors become one: their mean over the text (Reimers and Gurevych 2019) or the vector of [CLS].",
		set: func(c *Config, v any) { c.Pooling = v.(string) },
	},
	{
		Name: "seed", Type: Int, Default: int64(0), Range: between(0, maxSeed),
		Doc: "Seed of everything random in training: heads, dropout, order of examples. The protocol's seed is used when absent.",
		set: func(c *Config, v any) { c.Seed = v.(int64) },
	},
	{
		Name: "threads", Type: Int, Default: int64(0), Range: between(0, 4096), Fixed: true,
		Doc: "CPU threads of a trainer; 0 takes the share of the cores that the worker was given.",
		set: func(c *Config, v any) { c.Threads = int(v.(int64)) },
	},
	{
		Name: "device", Type: Pattern, Default: "auto", Choices: deviceForms, Fixed: true,
		Doc:   "Where to compute; auto takes CUDA when there is a device.",
		parse: func(s string) error { _, err := ParseDevice(s); return err },
		set:   func(c *Config, v any) { c.Device, _ = ParseDevice(v.(string)) },
	},
	{
		Name: "metric", Type: Choice, Default: "val_loss", Choices: []string{"val_loss", "val_accuracy"}, Fixed: true,
		Doc: "What decides which validation is best: the lowest loss or the highest accuracy.",
		set: func(c *Config, v any) { c.Metric = v.(string) },
	},
}

func openBoth(low, high float64) Range {
	return Range{Low: low, High: high, OpenLow: true, OpenHigh: true}
}

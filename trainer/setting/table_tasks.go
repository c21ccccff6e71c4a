package setting

// taskSettings say what it is trained on.
var taskSettings = []Setting{
	{
		Name: "tasks", Type: Mapping, Required: true, Fixed: true,
		Doc: "The family of tasks that is learned from.",
	},
	{
		Name: "tasks.kind", Type: Choice, Required: true, Fixed: true, Choices: taskKinds,
		Doc: "wordnet: glosses classified by lexicographer file. jsonl, csv: one file of labelled texts. parquet: such a file, or a folder of them. text-folder: a folder of files of all three. images: a folder of class folders, or IDX files as MNIST has them. sinusoid: sine curves, generated (Finn et al. 2017, section 5.1).",
		set: func(c *Config, v any) { c.Tasks.Kind = v.(string) },
	},
	{
		Name: "tasks.type", Type: Choice, Fixed: true, Choices: []string{string(Classification), string(Regression), string(Generation)},
		Doc: "What a task asks for: a class (cross-entropy, accuracy), a number (squared error) or the continuation of a text (negative log-likelihood a token). When absent classification; for sinusoid regression.",
		set: func(c *Config, v any) { c.Tasks.Type = TaskType(v.(string)) },
	},
	{
		Name: "tasks.path", Type: Path, Fixed: true, ReadBy: ReadBy{Kinds: fromFiles},
		Doc: "The file or folder. For wordnet it may be left out: the usual places are looked at.",
		set: func(c *Config, v any) { c.Tasks.Path = v.(string) },
	},
	{
		Name: "tasks.text", Type: Text, Default: "text", Fixed: true, ReadBy: ReadBy{Kinds: withColumns},
		Doc: "Column that holds the text.",
		set: func(c *Config, v any) { c.Tasks.Text = v.(string) },
	},
	{
		Name: "tasks.label", Type: Text, Default: "label", Fixed: true, ReadBy: ReadBy{Kinds: withColumns, Types: withHead},
		Doc: "Column that holds the class.",
		set: func(c *Config, v any) { c.Tasks.Label = v.(string) },
	},
	{
		Name: "tasks.task", Type: Text, Default: "task", Fixed: true, ReadBy: ReadBy{Kinds: withColumns},
		Doc: "Column that holds the task. A family without the column has classes only, and tasks are made of them.",
		set: func(c *Config, v any) { c.Tasks.Task = v.(string) },
	},
	{
		Name: "tasks.image_size", Type: Int, Default: int64(0), Fixed: true, Range: between(0, 1024), ReadBy: ReadBy{Kinds: []string{KindImages}},
		Doc: "images: width and height in pixels that every image is scaled to; 0 keeps them as they are. Few-shot papers scale Omniglot to 28.",
		set: func(c *Config, v any) { c.Tasks.ImageSize = int(v.(int64)) },
	},
	{
		Name: "tasks.color", Type: Bool, Default: false, Fixed: true, ReadBy: ReadBy{Kinds: []string{KindImages}},
		Doc: "images: three channels, red, green and blue, instead of one, brightness.",
		set: func(c *Config, v any) { c.Tasks.Color = v.(bool) },
	},
	{
		Name: "tasks.invert", Type: Bool, Default: false, Fixed: true, ReadBy: ReadBy{Kinds: []string{KindImages}},
		Doc: "images: turn black and white round, so that dark ink on paper is 1 and the paper 0.",
		set: func(c *Config, v any) { c.Tasks.Invert = v.(bool) },
	},
	{
		Name: "tasks.rotations", Type: Bool, Default: false, Fixed: true, ReadBy: ReadBy{Kinds: []string{KindImages}},
		Doc: "images: each class turned by 90, 180 and 270 degrees is a class of its own (Santoro et al. 2016). All four are in the same part of the split.",
		set: func(c *Config, v any) { c.Tasks.Rotations = v.(bool) },
	},
	{
		Name: "tasks.folders_as_tasks", Type: Bool, Default: false, Fixed: true, ReadBy: ReadBy{Kinds: []string{KindImages}},
		Doc: "images: the folder above the class folders, such as an alphabet of Omniglot, is a task, and episodes are drawn within one. Otherwise it is a part of the class's name.",
		set: func(c *Config, v any) { c.Tasks.FoldersAsTasks = v.(bool) },
	},
	{
		Name: "tasks.files_as_tasks", Type: Bool, Default: false, Fixed: true, ReadBy: ReadBy{Kinds: []string{kindTextFolder}},
		Doc: "text-folder: each file is a task, named as the file is without its ending. Otherwise tasks are told apart by their column alone.",
		set: func(c *Config, v any) { c.Tasks.FilesAsTasks = v.(bool) },
	},
	{
		Name: "tasks.max_per_class", Type: Int, Default: int64(0), Fixed: true, Range: between(0, maxCount), ReadBy: ReadBy{Kinds: fromFiles},
		Doc: "Most examples kept of a class, drawn with split_seed; 0 keeps all.",
		set: func(c *Config, v any) { c.Tasks.MaxPerClass = int(v.(int64)) },
	},
	{
		Name: "tasks.min_per_class", Type: Int, Default: int64(0), Fixed: true, Range: between(0, maxCount), ReadBy: ReadBy{Kinds: fromFiles},
		Doc: "Classes with fewer examples are left out; 0 keeps all.",
		set: func(c *Config, v any) { c.Tasks.MinPerClass = int(v.(int64)) },
	},
	{
		Name: "tasks.split_seed", Type: Int, Default: int64(0), Fixed: true, Range: between(0, maxSeed),
		Doc: "Seed of the split into meta-train, meta-validation and meta-test.",
		set: func(c *Config, v any) { c.Tasks.SplitSeed = v.(int64) },
	},
	{
		Name: "tasks.split", Type: Mapping, Fixed: true, ReadBy: ReadBy{Kinds: fromFiles},
		Doc: "The share of the classes (or tasks) that each part of the split gets; the three sum to 1. The defaults are those of miniImageNet.",
	},
	{
		Name: "tasks.split.train", Type: Float, Default: 0.64, Fixed: true, Range: openBoth(0, 1), ReadBy: ReadBy{Kinds: fromFiles},
		Doc: "Share for meta-training.",
		set: func(c *Config, v any) { c.Tasks.Fractions.Train = v.(float64) },
	},
	{
		Name: "tasks.split.validation", Type: Float, Default: 0.16, Fixed: true, Range: openBoth(0, 1), ReadBy: ReadBy{Kinds: fromFiles},
		Doc: "Share for meta-validation, which the search sees.",
		set: func(c *Config, v any) { c.Tasks.Fractions.Validation = v.(float64) },
	},
	{
		Name: "tasks.split.test", Type: Float, Default: 0.2, Fixed: true, Range: openBoth(0, 1), ReadBy: ReadBy{Kinds: fromFiles},
		Doc: "Share for meta-test, which only the final report sees.",
		set: func(c *Config, v any) { c.Tasks.Fractions.Test = v.(float64) },
	},
	{
		Name: "split", Type: Mapping, Fixed: true, ReadBy: ReadBy{Inputs: []string{texts, images}},
		Doc: "The split itself: names of classes or tasks under train, validation and test. Written into a study when it is created; drawn with split_seed when absent.",
	},
}

package setting

// runSettings say where and with what seed a trial runs.
var runSettings = []Setting{
	{
		Name: "seed", Type: Int, Default: int64(0), Range: between(0, maxSeed),
		Doc: "Seed of everything random in training: heads, dropout, order of examples. The protocol's seed is used when absent.",
		set: func(c *Config, v any) { c.Seed = v.(int64) },
	},
	{
		Name: "threads", Type: Int, Default: int64(0), Range: between(0, 4096), Fixed: true,
		Doc: "CPU threads of a trainer; 0 takes what OMP_NUM_THREADS says, or else a worker's share of the cores. Small networks on small batches are often as fast with 1.",
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

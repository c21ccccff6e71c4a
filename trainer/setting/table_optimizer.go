package setting

// The outer optimizers.
const (
	OptimizerAdamW = "adamw"
	OptimizerSGD   = "sgd"
)

// The schedules of the learning rate.
const (
	ScheduleLinear   = "linear"
	ScheduleCosine   = "cosine"
	ScheduleConstant = "constant"
)

// What networks compute in.
const (
	FP32 = "fp32"
	BF16 = "bf16"
)

// optimizerSettings describe the outer optimizer and what it trains.
var optimizerSettings = []Setting{
	{
		Name: "optimizer", Type: Choice, Default: OptimizerAdamW, Choices: []string{OptimizerAdamW, OptimizerSGD},
		Doc: "The outer optimizer. AdamW (Loshchilov and Hutter 2019), or plain gradient descent: with it, a learning rate of 0.1 to 1 and gradient_clip: 0, reptile makes the step of its paper.",
		set: func(c *Config, v any) { c.Optimizer = v.(string) },
	},
	{
		Name: "learning_rate", Type: Float, Default: 2e-5, Range: Range{Low: 0, High: 10, OpenLow: true},
		Doc: "Peak learning rate of the outer optimizer. BERT's own fine-tuning used 2e-5 to 5e-5.",
		set: func(c *Config, v any) { c.LearningRate = v.(float64) },
	},
	{
		Name: "weight_decay", Type: Float, Default: 0.01, Range: between(0, 1),
		Doc: "Decoupled weight decay (Loshchilov and Hutter 2019); biases and LayerNorm have none.",
		set: func(c *Config, v any) { c.WeightDecay = v.(float64) },
	},
	{
		Name: "freeze", Type: Pattern, Default: "none", Choices: freezeForms,
		Doc:   "What keeps its pretrained values, and until when: docs/meta-training.md explains each strategy.",
		parse: func(s string) error { _, err := ParseFreeze(s); return err },
		set:   func(c *Config, v any) { c.Freeze, _ = ParseFreeze(v.(string)) },
	},
	{
		Name: "unfreeze_ratio", Type: Float, Default: 0.5, Range: between(0, 1), ReadBy: ReadBy{Freezes: []FreezeKind{FreezeGradual, FreezeLPFT}},
		Doc: "Share of all steps after which freeze: lp-ft trains everything, and by which freeze: gradual has come down to the lowest block.",
		set: func(c *Config, v any) { c.UnfreezeRatio = v.(float64) },
	},
	{
		Name: "lora_alpha", Type: Float, Range: Range{Low: 0, High: 1e6, OpenLow: true}, ReadBy: ReadBy{Freezes: []FreezeKind{FreezeLoRA}},
		Doc: "Of freeze: lora-R: the product of the two matrices counts alpha / R times (Hu et al. 2021, section 4.1). 2R when absent.",
		set: func(c *Config, v any) { c.LoRAAlpha = v.(float64) },
	},
	{
		Name: "layer_decay", Type: Float, Default: 1.0, Range: Range{Low: 0, High: 1, OpenLow: true},
		Doc: "Layer-wise decay of the learning rate: what stands i blocks below the head learns at layer_decay^i of the rate (Clark et al. 2020, ELECTRA, used 0.8 and 0.9). 1 turns it off.",
		set: func(c *Config, v any) { c.LayerDecay = v.(float64) },
	},
	{
		Name: "prefix_cache", Type: Choice, Default: PrefixAuto, Choices: []string{PrefixAuto, PrefixOff, PrefixMemory, PrefixDisk}, Fixed: true,
		Doc: "Where the outputs of layers that stay frozen are kept, which are then computed once for each example: in memory and in the study's folder (auto), in one of the two, or nowhere (off).",
		set: func(c *Config, v any) { c.PrefixCache = v.(string) },
	},
	{
		Name: "prefix_cache_mb", Type: Int, Default: int64(2048), Range: between(1, 1<<20), Fixed: true,
		Doc: "Most megabytes of such outputs in the memory of a trainer, and most in the study's folder.",
		set: func(c *Config, v any) { c.PrefixCacheMB = v.(int64) },
	},
	{
		Name: "warmup_ratio", Type: Float, Default: 0.1, Range: Range{Low: 0, High: 1, OpenHigh: true},
		Doc: "Share of all steps during which the learning rate rises from 0 to its peak.",
		set: func(c *Config, v any) { c.WarmupRatio = v.(float64) },
	},
	{
		Name: "schedule", Type: Choice, Default: ScheduleLinear, Choices: []string{ScheduleLinear, ScheduleCosine, ScheduleConstant},
		Doc: "How the learning rate goes on after that: it falls to 0 linearly, or as half a cosine, or stays.",
		set: func(c *Config, v any) { c.Schedule = v.(string) },
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
		Name: "precision", Type: Choice, Default: FP32, Choices: []string{FP32, BF16},
		Doc: "What networks compute in, in training and evaluation. bf16: products of matrices and convolutions in bfloat16, which GPUs do faster; parameters, heads and losses stay in 32 bits.",
		set: func(c *Config, v any) { c.Precision = v.(string) },
	},
}

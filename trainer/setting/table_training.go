package setting

// algorithmSettings say how it is meta-trained.
var algorithmSettings = []Setting{
	{
		Name: "algorithm", Type: Choice, Default: Protonet, Choices: algorithmNames(),
		Doc: "How it is meta-trained. joint: every task has its own head on the shared network. protonet: prototypical networks on episodes. maml, fomaml, anil, reptile: weights from which gradient descent learns a task. finetune: not at all; every task is learned from the model as it is. docs/meta-training.md tells them apart.",
		set: func(c *Config, v any) { c.Algorithm = v.(string) },
	},
	{
		Name: "inner_lr", Type: Float, Default: 0.01, Range: Range{Low: 0, High: 100, OpenLow: true},
		ReadBy: ReadBy{Algorithms: []string{Joint, MAML, FOMAML, ANIL, Reptile}, OneHead: true},
		Doc:    "Step size of the inner loop, which learns a task by gradient descent. MAML used 0.01 for sine curves and 0.4 for Omniglot. joint reads it where tasks share one head: sinusoid and generation.",
		set:    func(c *Config, v any) { c.InnerLR = v.(float64) },
	},
	{
		Name: "adaptation_steps", Type: Int, Range: between(1, 10000),
		ReadBy: ReadBy{Algorithms: []string{MAML, FOMAML, ANIL, Reptile, Finetune}},
		Doc:    "Steps of the inner loop. When absent 5; 50 for finetune.",
		set:    func(c *Config, v any) { c.AdaptationSteps = int(v.(int64)) },
	},
	{
		Name: "eval_adaptation_steps", Type: Int, Range: between(1, 10000),
		ReadBy: ReadBy{Algorithms: []string{Joint, MAML, FOMAML, ANIL, Reptile, Finetune}, OneHead: true},
		Doc:    "Steps of the inner loop in validation and test, and when an exported model learns a task; adaptation_steps when absent.",
		set:    func(c *Config, v any) { c.EvalAdaptationSteps = int(v.(int64)) },
	},
	{
		Name: "multi_step_loss", Type: Float, Default: 0.0, Range: Range{Low: 0, High: 100},
		ReadBy: ReadBy{Algorithms: []string{MAML, FOMAML, ANIL}},
		Doc:    "How much the query loss after an inner step counts in training, against that after the next step. 0: only that after the last step counts, as in MAML; 1: all alike; above 1 the first steps count more. It keeps the loss from running away with further steps.",
		set:    func(c *Config, v any) { c.MultiStepLoss = v.(float64) },
	},
	{
		Name: "inner_freeze", Type: Choice, Default: string(InnerSame), Choices: []string{string(InnerNone), string(InnerSame), string(InnerHead)},
		ReadBy: ReadBy{Algorithms: []string{Joint, MAML, FOMAML, Reptile}, OneHead: true},
		Doc:    "What the inner loop leaves as it is. none: nothing, it adapts what the outer loop freezes, too. same: what freeze names. head: everything but the head, as anil does.",
		set:    func(c *Config, v any) { c.InnerFreeze = InnerFreeze(v.(string)) },
	},
	{
		Name: "inner_batch_size", Type: Int, Default: int64(0), Range: between(0, 65536), ReadBy: ReadBy{Algorithms: []string{Reptile}},
		Doc: "Examples of a step of reptile's inner loop, drawn anew for each; 0 takes all. Reptile's own figures were made with 10.",
		set: func(c *Config, v any) { c.InnerBatchSize = int(v.(int64)) },
	},
}

package main

// rows are all that is measured, in the order of the page.
var rows = []row{
	{
		name: "sinusoid-maml", what: "MAML on sine curves, 3 seeds",
		needs: nothing, measure: sinusoid(nil),
	},
	{
		name: "sinusoid-fomaml", what: "first-order MAML on sine curves, 3 seeds",
		needs: nothing, measure: sinusoid(map[string]any{"algorithm": "fomaml"}),
	},
	{
		name: "sinusoid-joint", what: "joint training on sine curves, 3 seeds",
		needs: nothing, measure: sinusoid(map[string]any{"algorithm": "joint"}),
	},
	{
		name: "omniglot-protonet", what: "prototypical networks on Omniglot",
		needs: needsOmniglot, measure: omniglot(protonetRecipe),
	},
	{
		name: "omniglot-fomaml-1", what: "first-order MAML on Omniglot, 5-way 1-shot",
		needs: needsOmniglot, measure: omniglot(gradientRecipe("fomaml", 1)),
	},
	{
		name: "omniglot-fomaml-5", what: "first-order MAML on Omniglot, 5-way 5-shot",
		needs: needsOmniglot, measure: omniglot(gradientRecipe("fomaml", 5)),
	},
	{
		name: "omniglot-maml-1", what: "MAML on Omniglot, 5-way 1-shot",
		needs: onGPU(needsOmniglot), measure: omniglot(gradientRecipe("maml", 1)),
	},
	{
		name: "omniglot-reptile-1", what: "Reptile on Omniglot, 5-way 1-shot",
		needs: onGPU(needsOmniglot), measure: omniglot(gradientRecipe("reptile", 1)),
	},
	{
		name: "training-step", what: "a training step of BERT 6 x 384 beside PyTorch's in Python",
		needs: onCPU, measure: trainingStep,
	},
	{
		name: "freezing-study", what: "a study of 20 trials over the freezing strategies beside a script of PyTorch and Optuna",
		needs: onCPU, measure: freezingStudy(1),
	},
	{
		name: "freezing-study-plain", what: "the same with as many threads as each side takes by itself",
		needs: onCPU, measure: freezingStudy(0),
	},
	{
		name: "prefix-cache", what: "an epoch with the lower 4 of 6 layers frozen, their outputs cached or not",
		needs: needsModel, measure: prefixCache,
	},
	{
		name: "gpu-workers", what: "trials an hour of one and of four workers on one GPU",
		needs: onGPU(needsModel), measure: workers,
	},
}

func nothing(options) string { return "" }

// onGPU leaves out on a CPU what takes too long there.
func onGPU(needs func(options) string) func(options) string {
	return func(o options) string {
		if o.device == "cpu" {
			return "it is measured on a GPU: use -device cuda"
		}
		return needs(o)
	}
}

// onCPU leaves out on a GPU what is measured on a CPU.
func onCPU(o options) string {
	if o.device != "cpu" {
		return "it is measured on the CPU"
	}
	return ""
}

func needsModel(o options) string {
	if o.model == "" || o.wordnet == "" {
		return "-model and -wordnet name no folders"
	}
	return ""
}

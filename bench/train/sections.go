package main

// sections are the tables of the page, with the goals of this project and the
// figures of the papers.
var sections = []section{
	{
		title: "Sine curves",
		text: `Mean squared error on 10,000 new curves after steps of gradient descent on 5 points
(Finn, Abbeel and Levine 2017, section 5.1); the median of 3 seeds. 20,000
iterations of 50 curves; theirs were 70,000 of 25. Recipe: bench/train/sinusoid.go,
and the ready-made study sinusoid-maml.
`,
		columns: []string{"1 step", "5 steps", "10 steps"},
		lines: []line{
			sine("sinusoid-maml", "MAML", [3]string{"0.60", "0.40", ""}, [3]string{"0.67", "0.38", "0.35"}),
			sine("sinusoid-fomaml", "first-order MAML", [3]string{}, [3]string{}),
			sine("sinusoid-joint", "joint", [3]string{}, [3]string{"2.41", "2.23", "2.19"}),
		},
	},
	{
		title: "Omniglot on a CPU",
		text: `Accuracy in percent on 600 episodes of 164 characters, and half its 95 %
interval, after training on 800 other characters of the background set, 50 of
which chose the best validation; with rotations. The papers trained on 1,200
characters and tested on 423 others. One training of 2,000 episodes, 20-way
1-shot, serves all four columns of ProtoNet. First-order MAML is trained for
4,000 steps of 4 tasks, a fraction of the paper's 60,000 of 32, with three inner
steps of 0.1 instead of one of 0.4. Recipes, and how they were chosen:
bench/train/omniglot.go.
`,
		columns: []string{"5-way 1-shot", "5-way 5-shot", "20-way 1-shot", "20-way 5-shot"},
		lines: []line{
			{row: "omniglot-protonet", label: "ProtoNet", cells: []cell{
				percent("5w1s", "97", "98.8"), percent("5w5s", "99", "99.7"), percent("20w1s", "", "96.0"), percent("20w5s", "", "98.9"),
			}},
			{row: "omniglot-fomaml-1", label: "first-order MAML, trained 1-shot", cells: []cell{percent("5w1s", "", "98.3"), {}, {}, {}}},
			{row: "omniglot-fomaml-5", label: "first-order MAML, trained 5-shot", cells: []cell{{}, percent("5w5s", "", "99.2"), {}, {}}},
		},
	},
	{
		title: "Omniglot on one H100", gpu: true,
		text: `The same with the paper's 60 ways for ProtoNet, and 8 tasks a step for the others,
10 minutes each.
`,
		columns: []string{"5-way 1-shot", "5-way 5-shot"},
		lines: []line{
			onH100("omniglot-protonet", "ProtoNet", percent("5w1s", "98.5", "98.8"), percent("5w5s", "99.6", "99.7")),
			onH100("omniglot-fomaml-1", "first-order MAML, trained 1-shot", percent("5w1s", "97", "98.3"), cell{}),
			onH100("omniglot-fomaml-5", "first-order MAML, trained 5-shot", cell{}, percent("5w5s", "99", "99.2")),
			onH100("omniglot-maml-1", "MAML, trained 1-shot", percent("5w1s", "", "98.7"), cell{}),
			onH100("omniglot-reptile-1", "Reptile, trained 1-shot", percent("5w1s", "", "97.7"), cell{}),
		},
	},
	{
		title: "Workers on one H100", gpu: true,
		text: `Trials an hour of a study of 16 trials, WordNet with all-MiniLM-L6-v2.
`,
		columns: []string{"4 workers / 1", "1 worker", "4 workers"},
		lines: []line{
			onH100("gpu-workers", "trials an hour", cell{figure: "ratio", format: "%.2f", goal: "2.5"},
				cell{figure: "one_trials_per_hour", format: "%.0f"}, cell{figure: "four_trials_per_hour", format: "%.0f"}),
		},
	},
	{
		title: "Speed",
		text: `Times as a share of the other's time: below 1 is faster. The step is that of
BERT 6 x 384, batch 16 x 32, beside PyTorch in Python on the same libtorch, in
pairs. The study has 20 trials, those of the ready-made study wordnet-5way-5shot with
60 iterations, over the freezing strategies, one worker and caches that are empty at
first, beside bench/peer/freezing_study.py, a script of PyTorch, transformers and
Optuna, on the same libtorch: with as many threads as each takes by itself, and with one.
The epoch is one of joint training on WordNet with bottom-4 of 6 layers frozen,
their outputs cached, beside no cache.
`,
		columns: []string{"ours / other", "ours", "other"},
		lines: []line{
			{row: "training-step", label: "training step", cells: []cell{
				{figure: "ratio", format: "%.2f", goal: "0.9"}, {figure: "tokens_per_second", format: "%.0f tokens/s"}, {figure: "peer_tokens_per_second", format: "%.0f tokens/s"},
			}},
			{row: "freezing-study-plain", label: "study of 20 trials", cells: []cell{
				{figure: "ratio", format: "%.2f", goal: "0.33"}, {figure: "seconds", format: "%.0f s"}, {figure: "peer_seconds", format: "%.0f s"},
			}},
			{row: "freezing-study", label: "the same, one thread each", cells: []cell{
				{figure: "ratio", format: "%.2f", goal: "0.33"}, {figure: "seconds", format: "%.0f s"}, {figure: "peer_seconds", format: "%.0f s"},
			}},
			{row: "prefix-cache", label: "epoch with a frozen prefix", cells: []cell{
				{figure: "ratio", format: "%.2f"}, {figure: "cached_epoch_seconds", format: "%.1f s"}, {figure: "uncached_epoch_seconds", format: "%.1f s"},
			}},
		},
	},
}

func sine(row, label string, goals, published [3]string) line {
	l := line{row: row, label: label}
	for i, steps := range []string{"1", "5", "10"} {
		l.cells = append(l.cells, cell{figure: "mse_" + steps, format: "%.3f", goal: goals[i], published: published[i]})
	}
	return l
}

func percent(figure, goal, published string) cell {
	return cell{figure: figure, format: "%.2f", goal: goal, published: published}
}

// onH100 is a line that needs a GPU.
func onH100(row, label string, cells ...cell) line {
	return line{row: row, label: label, cells: cells, command: "make bench-train FLAGS='-device cuda -only " + row + "'"}
}

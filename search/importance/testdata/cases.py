"""Writes cases.json: what Optuna's evaluators say about generated trials.

    pip install optuna==5.0.0 scikit-learn scipy && python cases.py > cases.json

The spaces are those of optuna_test.go. fANOVA's figures are the mean over
five forests, and of trials whose space has neither a log range nor choices,
where Optuna's evaluator measures something else.
"""

import json
import math
import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")


def plain(t):
    x, y = t.suggest_float("x", -10, 10), t.suggest_float("y", 0, 10)
    n, s = t.suggest_int("n", 1, 9, step=2), t.suggest_float("s", 0, 1, step=0.25)
    return x * x + 3 * y + n + 2 * s * n


def mixed(t):
    lr, c = t.suggest_float("lr", 1e-5, 1, log=True), t.suggest_categorical("c", ["a", "b", "c"])
    w, z = t.suggest_int("w", 8, 1024, log=True), t.suggest_float("z", 0, 1)
    return (math.log10(lr) + 3) ** 2 + {"a": 0, "b": 1, "c": 3}[c] + 0.1 * math.log2(w) + 0.2 * z


def conditional(t):
    kind = t.suggest_categorical("kind", ["flat", "deep"])
    x = t.suggest_float("x", 0, 1)
    if kind == "flat":
        return 1 + x
    return 0.3 * x + abs(t.suggest_float("rate", 0, 1) - 0.7)


CASES = [
    ("plain", plain, "minimize", optuna.samplers.RandomSampler(seed=1), 200),
    ("plain", plain, "maximize", optuna.samplers.TPESampler(seed=2), 80),
    ("mixed", mixed, "minimize", optuna.samplers.TPESampler(seed=3), 150),
    ("mixed", mixed, "minimize", optuna.samplers.RandomSampler(seed=4), 9),
    ("conditional", conditional, "minimize", optuna.samplers.RandomSampler(seed=5), 120),
]


def main():
    cases = []
    for space, objective, direction, sampler, n in CASES:
        study = optuna.create_study(direction=direction, sampler=sampler)
        study.optimize(objective, n_trials=n)
        ped = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
        case = {"space": space, "direction": direction, "ped_anova": ped,
                "trials": [[t.params, t.value] for t in study.trials]}
        if space == "plain":
            runs = [optuna.importance.get_param_importances(
                study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed)) for seed in range(5)]
            case["fanova"] = {k: sum(r[k] for r in runs) / len(runs) for k in runs[0]}
        cases.append(case)
    print("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]")


main()

"""Makes the fixture optuna-5.0.0.db: a study of Optuna's own.

    pip install optuna==5.0.0
    python optuna.py optuna-5.0.0.db
"""

import math
import sys

import optuna


def objective(trial):
    x = trial.suggest_float("x", 1e-6, 1, log=True)
    trial.suggest_float("y", 0, 1, step=0.25)
    trial.suggest_int("n", 1, 9, step=2)
    trial.suggest_categorical("c", ["a", None, True, 3, 2.5])
    trial.set_user_attr("note", {"list": [1, 2.5, None]})
    trial.set_user_attr("odd", math.nan)
    for step, value in enumerate([math.nan, math.inf, -math.inf, 0.5]):
        trial.report(value, step)
    if trial.number == 1:
        raise optuna.TrialPruned()
    if trial.number == 2:
        raise ValueError("failed on purpose")
    return x if trial.number else math.inf


url = "sqlite:///" + sys.argv[1]
study = optuna.create_study(
    study_name="of-optuna", storage=url, direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1)
)
study.set_metric_names(["accuracy"])
study.set_user_attr("who", "optuna")
study.optimize(objective, n_trials=4, catch=ValueError)
study.enqueue_trial({"x": 0.5, "c": True})
study.ask()
study.enqueue_trial({"x": 0.25, "c": None})
optuna.create_study(study_name="two", storage=url, directions=["minimize", "maximize"])

"""The other side of the tests: Optuna itself, on a storage of the tests'.

    peer.py dump URL STUDY        the study as JSON
    peer.py make URL STUDY        a study of Optuna's own
    peer.py work URL STUDY TOTAL  a worker until the study has TOTAL trials;
                                  prints the numbers of its trials
    peer.py few URL STUDY X…      a study of Optuna's own, made if need be, with
                                  a trial for each X of four
    peer.py tune URL STUDY        a study of Optuna's own that names settings of
                                  the trainer
    peer.py dashboard URL PORT    optuna-dashboard, until it is killed
"""

import json
import math
import sys
import time
import warnings

import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.study import MaxTrialsCallback

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def plain(value):
    """JSON without the numbers that it lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def dump(url, name):
    study = optuna.load_study(study_name=name, storage=url)
    trials = [
        {
            "number": t.number,
            "state": t.state.name,
            "params": t.params,
            "distributions": {k: json.loads(distribution_to_json(d)) for k, d in t.distributions.items()},
            "values": None if t.values is None else [plain(v) for v in t.values],
            "intermediate": {str(step): plain(v) for step, v in t.intermediate_values.items()},
            "start": t.datetime_start and t.datetime_start.isoformat(timespec="microseconds"),
            "complete": t.datetime_complete and t.datetime_complete.isoformat(timespec="microseconds"),
            "fixed": t.system_attrs.get("fixed_params"),
            "attrs": t.user_attrs,
        }
        for t in study.get_trials()
    ]
    best = study.best_trial.number if any(t["state"] == "COMPLETE" for t in trials) else None
    return {"directions": [d.name for d in study.directions], "metrics": study.metric_names, "trials": trials, "best": best}


def objective(trial):
    x = trial.suggest_float("x", 1e-6, 1, log=True)
    trial.suggest_float("y", 0, 1, step=0.25)
    trial.suggest_int("n", 1, 9, step=2)
    trial.suggest_categorical("c", ["a", None, True, 3, 2.5])
    for step, value in enumerate([math.nan, math.inf, -math.inf, 0.5]):
        trial.report(value, step)
    if trial.number == 1:
        raise optuna.TrialPruned()
    if trial.number == 2:
        raise ValueError("failed on purpose")
    return x


def make(url, name):
    study = optuna.create_study(
        study_name=name, storage=url, direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study.set_metric_names(["accuracy"])
    study.set_user_attr("who", "optuna")
    study.optimize(objective, n_trials=4, catch=ValueError)
    study.enqueue_trial({"x": 0.5, "c": True})


def work(url, name, total):
    """Trials as the study of the test defines them."""
    numbers, grace = [], 2

    def curve(trial):
        if not numbers:
            # When the next trial begins, all that gave no sign of life for so
            # long are failed.
            time.sleep(grace + 0.5)
        numbers.append(trial.number)
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_int("n", 1, 64, log=True)
        trial.suggest_categorical("c", ["a", "b"])
        for step in (1, 2, 3):
            trial.report(x / step, step)
        return x

    storage = RDBStorage(url, heartbeat_interval=1, grace_period=grace, engine_kwargs={"pool_pre_ping": True})
    study = optuna.load_study(study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler())
    # Of all states, running and waiting ones included: the total of a study.
    study.optimize(curve, callbacks=[MaxTrialsCallback(total, states=None)])
    return {"numbers": numbers}


def few(url, name, *values):
    study = optuna.create_study(study_name=name, storage=url, load_if_exists=True)
    for x in values:
        study.enqueue_trial({"x": float(x)})
    study.optimize(lambda trial: trial.suggest_categorical("x", [0.25, 0.5, 0.75, 1.0]), n_trials=len(values))


def tune(url, name):
    study = optuna.create_study(study_name=name, storage=url, sampler=optuna.samplers.RandomSampler(seed=1))

    def objective(trial):
        rate = trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
        trial.suggest_categorical("freeze", ["none", "embeddings"])
        return abs(math.log10(rate) + 3)

    study.enqueue_trial({"learning_rate": 1e-3, "freeze": "embeddings"})
    study.optimize(objective, n_trials=5)


def dashboard(url, port):
    from optuna_dashboard._cli import main

    sys.argv = ["optuna-dashboard", url, "--host", "127.0.0.1", "--port", port, "--server", "wsgiref"]
    main()


def main():
    verb, url, *rest = sys.argv[1:]
    if verb == "dump":
        print(json.dumps(dump(url, *rest)))
    elif verb == "make":
        make(url, *rest)
    elif verb == "work":
        print(json.dumps(work(url, rest[0], int(rest[1]))))
    elif verb == "few":
        few(url, *rest)
    elif verb == "tune":
        tune(url, *rest)
    elif verb == "dashboard":
        dashboard(url, *rest)
    else:
        sys.exit(f"unknown verb {verb}")


main()

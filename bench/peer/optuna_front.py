"""Optuna's samplers for several objectives, run by bench/front over stdin and
stdout, one JSON value a line.

A job is {"sampler": "nsga2", "seed": 1, "trials": 250, "objectives": 2,
"space": [...]}, the space as hpsearch stores it. For each trial the parameters
are printed and its values read.
"""

import json
import sys
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, IntDistribution, json_to_distribution

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")

SAMPLERS = {
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}


def suggest(trial, space):
    params = {}
    for p in space:
        if any(params.get(name) not in values for name, values in (p.get("when") or {}).items()):
            continue
        name, d = p["name"], json_to_distribution(json.dumps(p["distribution"]))
        if isinstance(d, CategoricalDistribution):
            params[name] = trial.suggest_categorical(name, d.choices)
        else:
            number = trial.suggest_int if isinstance(d, IntDistribution) else trial.suggest_float
            params[name] = number(name, d.low, d.high, step=d.step, log=d.log)
    return params


print(json.dumps(optuna.__version__), flush=True)
while line := sys.stdin.readline():
    job = json.loads(line)
    study = optuna.create_study(directions=["minimize"] * job["objectives"], sampler=SAMPLERS[job["sampler"]](job["seed"]))
    for _ in range(job["trials"]):
        trial = study.ask()
        print(json.dumps(suggest(trial, job["space"])), flush=True)
        study.tell(trial, json.loads(sys.stdin.readline()))

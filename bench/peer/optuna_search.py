"""Optuna's samplers, asked and told by bench/search over stdin and stdout.

One JSON object a line, answered by one. The functions are evaluated by
bench/search, so that both sides are measured on the same ones.

    {"new": {"sampler": "tpe", "seed": 1, "space": [...]}}  -> {"ok": true}
    {"ask": true}                                           -> {"number": 0, "params": {...}}
    {"tell": {"number": 0, "value": 0.5}}                   -> {"ok": true}
    {"add": [{"params": {...}, "value": 0.5}]}              -> {"ok": true}
    {"versions": true}                                      -> {"optuna": "5.0.0", ...}
"""

import importlib.metadata
import json
import platform
import sys
import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")

SAMPLERS = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
}


def suggest(trial, space):
    params = {}
    for p in space:
        if any(params.get(name) not in values for name, values in (p.get("when") or {}).items()):
            continue
        name = p["name"]
        if p["type"] == "categorical":
            params[name] = trial.suggest_categorical(name, p["choices"])
        else:
            number = trial.suggest_int if p["type"] == "int" else trial.suggest_float
            options = {"log": True} if p.get("log") else {}
            if p.get("step"):
                options["step"] = p["step"]
            params[name] = number(name, p["low"], p["high"], **options)
    return params


def distribution(p):
    if p["type"] == "categorical":
        return optuna.distributions.CategoricalDistribution(p["choices"])
    if p["type"] == "int":
        return optuna.distributions.IntDistribution(p["low"], p["high"], log=p["log"], step=p["step"] or 1)
    return optuna.distributions.FloatDistribution(p["low"], p["high"], log=p["log"], step=p["step"] or None)


def versions():
    found = {"python": platform.python_version()}
    for name in ("optuna", "numpy", "scipy", "torch", "cmaes"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def main():
    study, space, pending = None, None, {}
    for line in sys.stdin:
        request = json.loads(line)
        if "versions" in request:
            answer = versions()
        elif "new" in request:
            new = request["new"]
            study = optuna.create_study(sampler=SAMPLERS[new["sampler"]](new["seed"]))
            space, pending, answer = new["space"], {}, {"ok": True}
        elif "ask" in request:
            trial = study.ask()
            pending[trial.number] = trial
            answer = {"number": trial.number, "params": suggest(trial, space)}
        elif "add" in request:
            distributions = {p["name"]: distribution(p) for p in space}
            study.add_trials(
                optuna.trial.create_trial(
                    params=t["params"],
                    distributions={name: distributions[name] for name in t["params"]},
                    value=t["value"],
                )
                for t in request["add"]
            )
            answer = {"ok": True}
        else:
            tell = request["tell"]
            study.tell(pending.pop(tell["number"]), tell["value"])
            answer = {"ok": True}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

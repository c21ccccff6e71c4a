"""Optuna's RDBStorage, measured by bench/storage.

    optuna_storage.py trials URL PROCESSES TRIALS   trials of each process, per second
    optuna_storage.py ask URL TIMES                 ask and tell with TPESampler, in ms

Prints JSON.
"""

import json
import multiprocessing
import statistics
import sys
import time

import optuna
from optuna.distributions import FloatDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)

PARAMETERS = 6
REPORTS = 3


def storage_of(url):
    # As Optuna's documentation advises for several processes on SQLite.
    arguments = {"connect_args": {"timeout": 100}} if url.startswith("sqlite") else {}
    return RDBStorage(url, engine_kwargs=arguments)


def one(storage, study_id, number):
    trial = storage.create_new_trial(study_id)
    for i in range(PARAMETERS):
        storage.set_trial_param(trial, f"x{i}", (number * (i + 3)) % 101 / 101, FloatDistribution(0, 1))
    for step in range(1, REPORTS + 1):
        storage.set_trial_intermediate_value(trial, step, 1 / step)
    storage.set_trial_state_values(trial, TrialState.COMPLETE, [1.0])


def work(url, trials, ready, go):
    storage = storage_of(url)
    study_id = storage.get_study_id_from_name("peer")
    ready.wait()
    go.wait()
    for number in range(trials):
        one(storage, study_id, number)


def trials(url, processes, count):
    optuna.create_study(study_name="peer", storage=storage_of(url))
    ready, go = multiprocessing.Barrier(processes + 1), multiprocessing.Event()
    workers = [multiprocessing.Process(target=work, args=(url, count, ready, go)) for _ in range(processes)]
    for w in workers:
        w.start()
    ready.wait()
    began = time.perf_counter()
    go.set()
    for w in workers:
        w.join()
        if w.exitcode:
            sys.exit(f"a worker ended with {w.exitcode}")
    return {"PerSecond": processes * count / (time.perf_counter() - began)}


def ask(url, times):
    study = optuna.load_study(study_name="s", storage=storage_of(url), sampler=optuna.samplers.TPESampler(seed=1))
    took = []
    for i in range(times + 1):
        began = time.perf_counter()
        trial = study.ask()
        value = sum((trial.suggest_float(f"x{i}", 0, 1) - 0.3) ** 2 for i in range(PARAMETERS))
        study.tell(trial, value)
        if i > 0:  # the first reads the study
            took.append(1000 * (time.perf_counter() - began))
    return {"Milliseconds": statistics.median(took)}


def versions(_url):
    import platform

    import sqlalchemy

    return {"optuna": optuna.__version__, "python": platform.python_version(), "sqlalchemy": sqlalchemy.__version__}


if __name__ == "__main__":
    verb, url, *numbers = sys.argv[1:]
    print(json.dumps({"trials": trials, "ask": ask, "versions": versions}[verb](url, *map(int, numbers))))

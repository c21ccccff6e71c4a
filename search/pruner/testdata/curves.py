"""Writes curves.json: what Optuna's TPE finds on the learning curves of
search/searchtest/curves.go in 100 trials of all 81 epochs, by seed.

    pip install optuna==5.0.0 && python curves.py > curves.json

Each element is [seed, best value after 25 trials, after 100, epochs run].
"""

import json
import math

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
EPOCHS, TRIALS, SEEDS = 81, 100, 20


def main():
    print(json.dumps([run(seed) for seed in range(SEEDS)]))


def run(seed):
    epochs = 0

    def objective(trial):
        nonlocal epochs
        optimizer = trial.suggest_categorical("optimizer", ["adam", "sgd"])
        rate = math.log10(trial.suggest_float("lr", 1e-5, 1, log=True))
        decay = math.log10(trial.suggest_float("decay", 1e-6, 1e-1, log=True))
        width = trial.suggest_int("width", 16, 1024, log=True)
        layers = trial.suggest_int("layers", 1, 8)
        dropout = trial.suggest_float("dropout", 0, 0.8)
        floor = (0.1 + 0.01 * (decay + 3) ** 2 + 0.02 * (math.log2(width) - 8) ** 2
                 + 0.01 * (layers - 4) ** 2 + 0.6 * (dropout - 0.2) ** 2)
        best = -3.0
        if optimizer == "sgd":
            best = -1.5
            floor += 0.3 * (trial.suggest_float("momentum", 0, 0.99) - 0.9) ** 2 - 0.02
        floor += 0.05 * (rate - best) ** 2
        speed = max(0.15, 0.9 + 0.25 * (rate - best) - 0.04 * math.log2(width / 256))
        if rate > best + 1.3:
            epochs += 3
            raise optuna.TrialPruned  # Optuna's TPE ignores failed trials
        epochs += EPOCHS
        s = EPOCHS
        return (floor + (2.3 - floor) * (1 + s) ** -speed) * (1 + 0.01 * math.sin(12 * s + 100 * dropout))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=TRIALS)
    quarter = min(t.value for t in study.trials[:TRIALS // 4] if t.state == optuna.trial.TrialState.COMPLETE)
    return [seed, quarter, study.best_value, epochs]


main()

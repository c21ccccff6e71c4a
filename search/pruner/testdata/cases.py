"""Writes cases.json: what Optuna's pruners decide about generated trials.

    pip install optuna==5.0.0 scipy && python cases.py > cases.json

Each case is a list of events in order: [trial, step, value, prune] for a
report with Optuna's decision, and [trial, state, value] for the end of a
trial. Up to four trials run side by side.
"""

import json
import random
import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")
P = optuna.pruners

# What a study file says, and the same for Optuna.
CASES = [
    ({"kind": "median", "startup_trials": 3}, P.MedianPruner(3)),
    ({"kind": "median", "startup_trials": 2, "warmup_steps": 3, "options": {"interval": 2, "min_trials": 3}},
     P.MedianPruner(2, 3, 2, n_min_trials=3)),
    ({"kind": "percentile", "startup_trials": 4}, P.PercentilePruner(25, 4)),
    ({"kind": "percentile", "startup_trials": 4, "options": {"percentile": 70}}, P.PercentilePruner(70, 4)),
    ({"kind": "threshold", "warmup_steps": 2, "options": {"lower": 0.15, "upper": 1.2, "interval": 2}},
     P.ThresholdPruner(0.15, 1.2, 2, 2)),
    ({"kind": "patient", "options": {"patience": 2, "min_delta": 0.02}}, P.PatientPruner(None, 2, 0.02)),
    ({"kind": "patient", "options": {"patience": 1, "wraps": {"kind": "median", "startup_trials": 3}}},
     P.PatientPruner(P.MedianPruner(3), 1)),
    ({"kind": "asha", "options": {"min_resource": 1, "reduction": 2}}, P.SuccessiveHalvingPruner(1, 2)),
    ({"kind": "asha", "options": {"min_resource": 2, "reduction": 3, "early_stopping": 1}},
     P.SuccessiveHalvingPruner(2, 3, 1)),
    ({"kind": "hyperband", "options": {"min_resource": 1, "reduction": 3, "max_resource": 12}},
     P.HyperbandPruner(1, 12, 3)),
    ({"kind": "wilcoxon"}, P.WilcoxonPruner()),
    ({"kind": "wilcoxon", "warmup_steps": 4, "options": {"p": 0.3}}, P.WilcoxonPruner(p_threshold=0.3, n_startup_steps=4)),
]


def value(rng, spec, level, slope, step):
    if spec["kind"] == "wilcoxon":
        return round(level + 0.3 * (step % 3) + 0.2 * rng.random(), 4)
    return round(level + slope / step + 0.1 * rng.random(), 4)


def play(spec, pruner, direction, seed):
    rng = random.Random(seed)
    sign = 1 if direction == "minimize" else -1
    study = optuna.create_study(direction=direction, pruner=pruner, study_name="case")
    events, running, started = [], {}, 0
    # Optuna's hyperband never stops to cut: at its highest step as well.
    last = 11 if spec["kind"] == "hyperband" else 12
    while started < 24 or running:
        if started < 24 and len(running) < 4 and (not running or rng.random() < 0.3):
            t = study.ask()
            running[t.number] = [t, 0, rng.random(), rng.random(), 0.0]
            started += 1
            continue
        number = rng.choice(sorted(running))
        entry = running[number]
        t, step, level, slope, _ = entry
        # Trials of a Wilcoxon study must report every task.
        skip = 1 if spec["kind"] in ("wilcoxon",) or rng.random() < 0.8 else 2
        step = entry[1] = step + skip
        if step > last:
            del running[number]
            if rng.random() < 0.1:
                study.tell(t, state=optuna.trial.TrialState.FAIL)
                events.append([number, "FAIL", None])
            else:
                final = entry[4] if spec["kind"] != "wilcoxon" else sign * level
                study.tell(t, final)
                events.append([number, "COMPLETE", final])
            continue
        entry[4] = v = sign * value(rng, spec, level, slope, step)
        t.report(v, step)
        prune = bool(t.should_prune())
        events.append([number, step, v, prune])
        if prune:
            del running[number]
            study.tell(t, state=optuna.trial.TrialState.PRUNED)
            events.append([number, "PRUNED", v])
    return events


def main():
    cases = []
    for i, (spec, pruner) in enumerate(CASES):
        for direction in ("minimize", "maximize"):
            events = play(spec, pruner, direction, 100 + i)
            cases.append({"pruner": spec, "direction": direction, "events": events})
    print("[")
    print(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    print("]")


main()

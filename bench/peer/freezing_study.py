#!/usr/bin/env python3
"""The study of bench/freezing as one would write it with PyTorch, transformers
and Optuna: prototypical networks on classes of texts, one trial for each
configuration that is given. Prints JSON: wall time, and the value of each trial.

usage: freezing_study.py JOB.json [--workers N] [--threads N] --storage FILE

JOB.json is written by bench/freezing: model, data (JSONL of text and label),
split (classes by part), settings, and trials (freeze and learning_rate each).
"""

import argparse
import json
import math
import multiprocessing
import random
import time

import optuna
import torch
import transformers
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from torch.nn import functional as F
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup


class LoRALinear(torch.nn.Module):
    """A frozen linear layer with a trained product of two matrices beside it."""

    def __init__(self, base, rank):
        super().__init__()
        self.base, self.scale = base, 2.0
        self.a = torch.nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(3 * base.in_features))
        self.b = torch.nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.a), self.b) * self.scale


class Encoder(torch.nn.Module):
    """Mean pooling and a projection on top of the model."""

    def __init__(self, path):
        super().__init__()
        self.bert = AutoModel.from_pretrained(path, add_pooling_layer=False)
        self.projection = torch.nn.Linear(self.bert.config.hidden_size, self.bert.config.hidden_size)
        torch.nn.init.eye_(self.projection.weight)
        torch.nn.init.zeros_(self.projection.bias)

    def forward(self, batch):
        x = self.bert(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).float()
        return self.projection((x * mask).sum(1) / mask.sum(1))


def freeze(model, strategy):
    """Freezes what the strategy keeps. Returns the blocks, the top one first,
    that are to be trained later."""
    bert = model.bert
    blocks = [bert.embeddings, *bert.encoder.layer]

    def keep(modules):
        for module in modules:
            module.requires_grad_(False)

    kind, _, number = strategy.rpartition("-")
    if strategy == "none":
        pass
    elif strategy == "embeddings":
        keep(blocks[:1])
    elif kind == "bottom":
        keep(blocks[: 1 + int(number)])
    elif kind == "percent":
        total, frozen = sum(p.numel() for p in bert.parameters()), 0
        for p in bert.parameters():
            if 100 * frozen < int(number) * total:
                p.requires_grad_(False)
                frozen += p.numel()
    elif strategy == "all-but-head":
        keep(blocks)
    elif strategy in ("gradual", "lp-ft"):
        keep(blocks)
        return blocks[::-1]
    elif strategy == "bias-only":
        for name, p in bert.named_parameters():
            p.requires_grad_(name.endswith(".bias"))
    elif strategy == "layernorm-only":
        for name, p in bert.named_parameters():
            p.requires_grad_("LayerNorm" in name)
    elif kind == "lora":
        keep(blocks)
        for layer in bert.encoder.layer:
            own = layer.attention.self
            own.query, own.value = LoRALinear(own.query, int(number)), LoRALinear(own.value, int(number))
    else:
        raise ValueError(f"freezing strategy {strategy}")
    return []


class Training:
    def __init__(self, job, data, trial_settings, number):
        self.s = {**job["settings"], **trial_settings}
        self.data = data
        torch.manual_seed(number)
        self.random = random.Random(number)
        self.tokenizer = AutoTokenizer.from_pretrained(job["model"])
        self.model = Encoder(job["model"])
        self.waiting = freeze(self.model, self.s["freeze"])
        parameters = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad or self.waiting]
        plain = [p for n, p in parameters if n.endswith(".bias") or "LayerNorm" in n]
        decayed = [p for n, p in parameters if not (n.endswith(".bias") or "LayerNorm" in n)]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": self.s["weight_decay"]}, {"params": plain, "weight_decay": 0.0}],
            lr=self.s["learning_rate"],
        )
        steps = self.s["iterations"]
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, math.ceil(self.s["warmup_ratio"] * steps), steps)
        rng = random.Random(0)  # the same episodes in every trial
        self.validation = [self.episode("validation", rng) for _ in range(self.s["eval_episodes"])]

    def episode(self, part, rng):
        classes = rng.sample(self.data[part], self.s["ways"])
        shots, queries = self.s["shots"], self.s["query_shots"]
        drawn = [rng.sample(texts, shots + queries) for texts in classes]
        support = [text for texts in drawn for text in texts[:shots]]
        query = [text for texts in drawn for text in texts[shots:]]
        return support + query

    def loss(self, texts):
        batch = self.tokenizer(texts, padding=True, truncation=True, max_length=self.s["max_length"], return_tensors="pt")
        x = self.model(batch)
        ways, shots = self.s["ways"], self.s["shots"]
        means = x[: ways * shots].reshape(ways, shots, -1).mean(1)
        logits = -torch.cdist(x[ways * shots :], means) ** 2
        labels = torch.arange(ways).repeat_interleave(self.s["query_shots"])
        return F.cross_entropy(logits, labels)

    def thaw(self, step):
        if not self.waiting:
            return
        span = self.s["unfreeze_ratio"] * self.s["iterations"]
        for k, block in enumerate(self.waiting, 1):
            share = 1 if self.s["freeze"] == "lp-ft" else k / len(self.waiting)
            if step == math.ceil(span * share):
                block.requires_grad_(True)

    def validate(self):
        self.model.eval()
        with torch.no_grad():
            losses = [self.loss(texts).item() for texts in self.validation]
        self.model.train()
        return sum(losses) / len(losses)

    def run(self):
        best = math.inf
        self.model.train()
        for step in range(self.s["iterations"]):
            self.thaw(step)
            self.optimizer.zero_grad()
            self.loss(self.episode("train", self.random)).backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.s["gradient_clip"])
            self.optimizer.step()
            self.schedule.step()
            if (step + 1) % self.s["eval_every"] == 0:
                best = min(best, self.validate())
        return best


def read(job):
    texts = {}
    with open(job["data"], encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            texts.setdefault(row["label"], []).append(row["text"])
    return {part: [texts[name] for name in names] for part, names in job["split"].items()}


def work(job, storage, threads):
    if threads:
        torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    data = read(job)

    def objective(trial):
        chosen = {
            "freeze": trial.suggest_categorical("freeze", sorted({t["freeze"] for t in job["trials"]})),
            "learning_rate": trial.suggest_float("learning_rate", 1e-6, 1e-3, log=True),
        }
        return Training(job, data, chosen, trial.number).run()

    study = optuna.load_study(study_name="freezing", storage=storage)
    ended = (TrialState.COMPLETE, TrialState.RUNNING, TrialState.PRUNED, TrialState.FAIL)
    # A trial that is waiting is taken up: only those that are claimed count.
    while study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.optimize(objective, n_trials=1, callbacks=[MaxTrialsCallback(len(job["trials"]), states=ended)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="of each worker; 0: as many as PyTorch takes by itself")
    parser.add_argument("--storage", required=True, help="SQLite file to make")
    args = parser.parse_args()
    with open(args.job, encoding="utf-8") as file:
        job = json.load(file)
    storage = "sqlite:///" + args.storage
    start = time.perf_counter()
    study = optuna.create_study(study_name="freezing", storage=storage)
    for trial in job["trials"]:
        study.enqueue_trial(trial)
    workers = [multiprocessing.Process(target=work, args=(job, storage, args.threads)) for _ in range(args.workers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    trials = study.get_trials()
    print(json.dumps({
        "seconds": time.perf_counter() - start,
        "torch": torch.__version__, "transformers": transformers.__version__, "optuna": optuna.__version__,
        "complete": sum(t.state == TrialState.COMPLETE for t in trials),
        "trials": [{**t.params, "value": t.value, "seconds": t.duration.total_seconds()} for t in trials if t.duration],
    }))


if __name__ == "__main__":
    main()

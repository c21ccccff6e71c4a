#!/usr/bin/env python3
"""The training step of bench/step, in Python: plain torch, the same operators,
the same weights, the same batch. Prints the same JSON.

usage: step.py --model FOLDER [--warmup N] [--steps N]
"""

import argparse
import json
import math
import struct
import time

import torch
from torch.nn import functional as F

BATCH, LENGTH, CLASSES = 16, 32, 5
LEARNING_RATE, WEIGHT_DECAY, CLIP = 2e-5, 0.01, 1.0


def read_safetensors(path):
    """Reads float32 tensors: a JSON header with offsets, then the bytes."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=torch.float32, count=(end - start) // 4, offset=start)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


class Step:
    def __init__(self, folder):
        with open(folder + "/config.json", encoding="utf-8") as file:
            config = json.load(file)
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.hidden = config["hidden_size"]
        weights = read_safetensors(folder + "/model.safetensors")
        self.w = {n: t.requires_grad_() for n, t in weights.items() if not n.startswith("pooler.")}
        head = [0.02 * math.sin(i) for i in range(CLASSES * self.hidden)]
        self.w["head.weight"] = torch.tensor(head).reshape(CLASSES, self.hidden).requires_grad_()
        self.w["head.bias"] = torch.zeros(CLASSES).requires_grad_()
        # No decay on biases and LayerNorm, as the trainer does it.
        plain = [t for n, t in self.w.items() if n.endswith(".bias") or "LayerNorm" in n]
        decayed = [t for n, t in self.w.items() if not (n.endswith(".bias") or "LayerNorm" in n)]
        self.params = decayed + plain
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}],
            lr=LEARNING_RATE,
        )
        self.ids = [[1000 + (i * LENGTH + j) * 7919 % 20000 for j in range(LENGTH)] for i in range(BATCH)]
        self.labels = [i % CLASSES for i in range(BATCH)]

    def linear(self, name, x):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def norm(self, name, x):
        return F.layer_norm(x, (self.hidden,), self.w[name + ".weight"], self.w[name + ".bias"], self.epsilon)

    def split(self, x):
        return x.reshape(BATCH, LENGTH, self.heads, -1).transpose(1, 2)

    def attention(self, q, k, v):
        if hasattr(F, "scaled_dot_product_attention"):
            return F.scaled_dot_product_attention(q, k, v)
        scores = torch.matmul(q, k.transpose(-1, -2)) * (1 / math.sqrt(q.shape[-1]))
        return torch.matmul(torch.softmax(scores, -1), v)

    def embed(self, ids):
        x = F.embedding(ids, self.w["embeddings.word_embeddings.weight"])
        x = x + self.w["embeddings.token_type_embeddings.weight"][:1]
        x = x + self.w["embeddings.position_embeddings.weight"][:LENGTH]
        x = self.norm("embeddings.LayerNorm", x)
        for i in range(self.layers):
            p = f"encoder.layer.{i}."
            q, k, v = (self.split(self.linear(p + "attention.self." + n, x)) for n in ("query", "key", "value"))
            mixed = self.attention(q, k, v).transpose(1, 2).reshape(BATCH, LENGTH, self.hidden)
            x = self.norm(p + "attention.output.LayerNorm", self.linear(p + "attention.output.dense", mixed) + x)
            y = self.linear(p + "output.dense", F.gelu(self.linear(p + "intermediate.dense", x)))
            x = self.norm(p + "output.LayerNorm", y + x)
        return x.mean(1)

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        x = self.embed(torch.tensor(self.ids))
        loss = F.cross_entropy(self.linear("head", x), torch.tensor(self.labels))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.params, CLIP)
        self.optimizer.step()
        return loss.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10)
    args = parser.parse_args()
    step = Step(args.model)
    losses = [step() for _ in range(args.warmup)]
    start = time.perf_counter()
    losses += [step() for _ in range(args.steps)]
    seconds = time.perf_counter() - start
    print(json.dumps({
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "tokens_per_second": BATCH * LENGTH * args.steps / seconds,
        "first_loss": losses[0],
        "last_loss": losses[-1],
    }))


if __name__ == "__main__":
    main()

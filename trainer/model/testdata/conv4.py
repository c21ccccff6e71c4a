"""Writes conv4.json, what PyTorch computes for the network in conv4.go.

    python3 conv4.py > conv4.json
"""
import json
import math
import sys

import torch
import torch.nn.functional as F

FILTERS, CHANNELS, HEIGHT, WIDTH, BATCH = 3, 2, 17, 35, 4


def wave(start, *shape):
    """Numbers in -1..1 that need no generator: sin(start + 0.7 k)."""
    n = math.prod(shape)
    return torch.tensor([math.sin(start + 0.7 * k) for k in range(n)], dtype=torch.float64).float().reshape(shape)


def network():
    layers, channels = [], CHANNELS
    for i in range(4):
        layers.append({
            "conv.weight": (0.4 * wave(i, FILTERS, channels, 3, 3)).requires_grad_(),
            "norm.weight": (1 + 0.2 * wave(10 + i, FILTERS)).requires_grad_(),
            "norm.bias": (0.1 * wave(20 + i, FILTERS)).requires_grad_(),
            "norm.running_mean": torch.zeros(FILTERS),
            "norm.running_var": torch.ones(FILTERS),
        })
        channels = FILTERS
    return layers


def forward(layers, x, training):
    for l in layers:
        x = F.conv2d(x, l["conv.weight"], padding=1)
        x = F.batch_norm(x, l["norm.running_mean"], l["norm.running_var"], l["norm.weight"], l["norm.bias"], training, 0.1, 1e-5)
        x = F.max_pool2d(F.relu(x), 2)
    return x.flatten(1)


def trained(layers):
    return [l[name] for l in layers for name in ("conv.weight", "norm.weight", "norm.bias")]


def flat(t):
    return t.detach().flatten().tolist()


layers = network()
x = wave(30, BATCH, CHANNELS, HEIGHT, WIDTH)
y = forward(layers, x, True)
loss = (y * wave(40, *y.shape)).sum()
gradients = torch.autograd.grad(loss, trained(layers), create_graph=True)
square = sum((g * g).sum() for g in gradients)
second = torch.autograd.grad(square, trained(layers))
json.dump({
    "torch": torch.__version__,
    "training": flat(y),
    "gradients": [flat(g) for g in gradients],
    "second": [flat(g) for g in second],
    "running": [flat(l[n]) for l in layers for n in ("norm.running_mean", "norm.running_var")],
    "evaluation": flat(forward(layers, x, False)),
}, sys.stdout)

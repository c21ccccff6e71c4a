#!/usr/bin/env bash
# Usage: bench-freezing.sh [flags of bench/freezing]
#
# Times a study of 20 trials over the freezing strategies on WordNet, with
# hpsearch and as a script of PyTorch, transformers and Optuna, and prints JSON.
# A worker has one thread unless -threads says another number, 0 for what each side
# takes by itself. All 20 trials take 27 to 41 minutes on a quiet machine
# of two cores, -iterations 20 a third of that; -trials 10 leaves the second rate out.
# PEER_PYTHON names a Python with torch, transformers and Optuna instead of the one
# that is made on top of this machine's torch.
source "$(dirname "$0")/lib.sh"

model=$(scripts/fetch-model.sh)
wordnet=$(scripts/fetch-wordnet.sh)
peer=${PEER_PYTHON:-$(scripts/fetch-peer.sh)}
CGO_ENABLED=0 go build -o .build/bench-freezing ./bench/freezing
.build/bench-freezing -peer "$peer" -model "$model" -wordnet "$wordnet" "$@"

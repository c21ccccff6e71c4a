#!/usr/bin/env bash
# Usage: bench-freezing.sh [flags of bench/freezing]
#
# Times a study of 20 trials over the freezing strategies on WordNet, with
# hpsearch and as a script of PyTorch, transformers and Optuna, and prints JSON.
# Every worker has one thread. All 20 trials take about half an hour on a quiet
# machine, -iterations 20 a third of that; -trials 10 leaves the second rate out.
source "$(dirname "$0")/lib.sh"

model=$(scripts/fetch-model.sh)
wordnet=$(scripts/fetch-wordnet.sh)
peer=$(scripts/fetch-peer.sh)
CGO_ENABLED=0 go build -o .build/bench-freezing ./bench/freezing
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
.build/bench-freezing -peer "$peer" -model "$model" -wordnet "$wordnet" "$@"

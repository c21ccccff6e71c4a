#!/usr/bin/env bash
# Usage: bench-train.sh [flags of bench/train]
#
# Measures meta-training and writes docs/benchmarks/training.md. OMNIGLOT names
# Omniglot's background set; without it those rows are left out. What was
# measured is kept in .build/bench-train, so that a run that was cut goes on.
source "$(dirname "$0")/lib.sh"

model=$(scripts/fetch-model.sh)
wordnet=$(scripts/fetch-wordnet.sh)
mkdir -p docs/benchmarks .build
.build/fit go build -o .build/bench-train-program ./bench/train
# One thread: what training costs is then told by its CPU time.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export OPENBLAS_NUM_THREADS=$OMP_NUM_THREADS MKL_NUM_THREADS=$OMP_NUM_THREADS
.build/bench-train-program -threads "$OMP_NUM_THREADS" -model "$model" -wordnet "$wordnet" "$@"
say "written: docs/benchmarks/training.md"

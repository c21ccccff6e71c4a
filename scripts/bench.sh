#!/usr/bin/env bash
# Measures the start of hpsearch and a training step against Python's, where
# a python3 has the torch of the same version.
source "$(dirname "$0")/lib.sh"

model=$(scripts/fetch-model.sh)
mkdir -p .build
.build/fit go build -o .build/bench-step ./bench/step
CGO_ENABLED=0 go build -o .build/bench ./bench

# "1.13.0 in /usr (…)"; Debian's Python says 1.13.0a0, PyPI's 2.11.0+cu130.
version=$(.build/fit -find | cut -d ' ' -f 1)
peer=
for python in python3 /usr/bin/python3; do
  theirs=$("$python" -c 'import torch; print(torch.__version__)' 2>/dev/null || true)
  if [[ $theirs == "$version" || $theirs == "$version"[a+]* ]]; then
    peer=$python
    break
  fi
done
# One thread, as a worker that shares the machine has it: with more, what is
# compared is mostly how threads wait for each other.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export OPENBLAS_NUM_THREADS=$OMP_NUM_THREADS MKL_NUM_THREADS=$OMP_NUM_THREADS
.build/bench -hpsearch bin/hpsearch -step .build/bench-step -peer "$peer" -model "$model" "$@"

#!/usr/bin/env bash
# Usage: bench-search.sh [SEEDS [SLOW_SEEDS]]
#
# Measures the samplers beside Optuna's and writes docs/benchmarks/search.md.
# Optuna is the newest that PyPI has, in .build/optuna; OPTUNA_PYTHON names
# another Python that has it. Its GPSampler needs torch, which is some GB.
# A run that was cut short goes on where it was: what was measured is kept in
# .build/bench-search.jsonl.
source "$(dirname "$0")/lib.sh"

seeds=${1:-30}
slow=${2:-5}
python=${OPTUNA_PYTHON:-.build/optuna/bin/python}
if [ ! -x "$python" ]; then
  say "installing optuna, cmaes, scipy and torch from PyPI into .build/optuna"
  python3 -m venv .build/optuna
  .build/optuna/bin/pip install --quiet optuna cmaes scipy greenlet torch ||
    die "Optuna could not be installed; see above, and run this again"
fi
mkdir -p docs/benchmarks .build
# Without the revision, a commit that changes nothing of it leaves the program,
# and with it what was measured, as it was.
CGO_ENABLED=0 go build -buildvcs=false -trimpath -o .build/bench-search ./bench/search
.build/bench-search -python "$python" -seeds "$seeds" -slow-seeds "$slow" \
  -cache .build/bench-search.jsonl -out docs/benchmarks/search.md
say "written: docs/benchmarks/search.md"

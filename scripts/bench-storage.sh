#!/usr/bin/env bash
# Usage: bench-storage.sh [FLAGS]
#
# Measures the storage beside Optuna's and writes docs/benchmarks/storage.md.
# FLAGS go to bench/storage, for example -scale 0.1 -only growth.
source "$(dirname "$0")/lib.sh"

python=$(scripts/fetch-optuna.sh)
mkdir -p docs/benchmarks .build
CGO_ENABLED=0 go build -o .build/bench-storage ./bench/storage
CGO_ENABLED=0 go build -o .build/bench-hpsearch ./cmd/hpsearch
.build/bench-storage -python "$python" -hpsearch .build/bench-hpsearch -out docs/benchmarks/storage.md "$@"
say "written: docs/benchmarks/storage.md"

#!/usr/bin/env bash
# Builds bin/hpsearch and bin/hpsearch-trainer. scripts/setup.sh ran before.
source "$(dirname "$0")/lib.sh"

version=$(git describe --tags --always --dirty 2>/dev/null || echo devel)
module=github.com/hpsearch/hpsearch

CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X $module/internal/cli/version.released=$version" -o bin/hpsearch ./cmd/hpsearch

# The first compilation of the binding to libtorch is slow; Go's build cache
# keeps it, and shares it with `go test` (as long as -trimpath, which is part
# of its key, is the same for both). The mark is per libtorch, whose folder
# names the fitting.
fitting=$(.build/fit | sed -n 's/^CGO_LDFLAGS=-L\([^ ]*\).*/\1/p')
if [ ! -e .build/built ] || [ "$(cat .build/built)" != "$fitting" ]; then
  say "building hpsearch-trainer for libtorch $(.build/fit -find); the first time takes 2 to 4 minutes"
fi
patiently "compiling the binding to libtorch" .build/fit go build -ldflags "-s -w -X main.version=$version" -o bin/hpsearch-trainer ./cmd/hpsearch-trainer
printf '%s\n' "$fitting" >.build/built
say "built bin/hpsearch and bin/hpsearch-trainer ($version)"

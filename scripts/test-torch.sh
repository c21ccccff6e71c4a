#!/usr/bin/env bash
# Usage: test-torch.sh VERSION [go test flags]
#
# Builds against PyPI's torch of that version and runs the trainer's tests.
# A LIBTORCH that is set already is taken as it is.
source "$(dirname "$0")/lib.sh"

version=$1
shift
if [ -z "${LIBTORCH:-}" ]; then
  LIBTORCH=$(scripts/fetch-torch.sh "$version")
fi
HPSEARCH_TEST_MODEL=$(scripts/fetch-model.sh)
WNSEARCHDIR=$(scripts/fetch-wordnet.sh)
export LIBTORCH HPSEARCH_TEST_MODEL WNSEARCHDIR
say "testing on libtorch $(.build/fit -find); the first time takes some minutes to compile"
mkdir -p ".build/torch-$version"
.build/fit go build -o ".build/torch-$version/" ./cmd/hpsearch-trainer
".build/torch-$version/hpsearch-trainer" doctor
mapfile -t packages < <(scripts/packages.sh libtorch)
.build/fit go test "$@" "${packages[@]}"

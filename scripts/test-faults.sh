#!/usr/bin/env bash
# Usage: test-faults.sh [go test flags]
#
# Runs the long form of the fault tests: workers, trainers and databases are
# killed, suspended, starved and cut off. What takes root (a small disk, a
# network of its own) is skipped without.
source "$(dirname "$0")/lib.sh"

if have apt-get && can_be_root; then
  export HPSEARCH_TEST_DATABASES=required
fi
export HPSEARCH_TEST_FAULTS=full
CGO_ENABLED=0 go test -count=1 -timeout 10m "$@" ./internal/faults

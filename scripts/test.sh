#!/usr/bin/env bash
# Usage: test.sh [go test flags]
#
# Runs all tests: the packages without libtorch as they are shipped, without
# cgo, and the others through fit. The tests that need a real model find it
# in HPSEARCH_TEST_MODEL, those that need Optuna a Python that has it in
# HPSEARCH_TEST_OPTUNA.
source "$(dirname "$0")/lib.sh"

HPSEARCH_TEST_MODEL=$(scripts/fetch-model.sh)
WNSEARCHDIR=$(scripts/fetch-wordnet.sh)
HPSEARCH_TEST_OPTUNA=$(scripts/fetch-optuna.sh)
export HPSEARCH_TEST_MODEL WNSEARCHDIR HPSEARCH_TEST_OPTUNA

# Where the set-up could install the databases, the tests on them must run.
if have apt-get && can_be_root; then
  export HPSEARCH_TEST_DATABASES=required
fi

mapfile -t plain < <(scripts/packages.sh go)
mapfile -t libtorch < <(scripts/packages.sh libtorch)
[ ${#plain[@]} -gt 0 ] && [ ${#libtorch[@]} -gt 0 ] || die "the packages could not be listed; see above"

failed=0
CGO_ENABLED=0 go vet "${plain[@]}" || failed=1
CGO_ENABLED=0 go test "$@" "${plain[@]}" || failed=1
.build/fit go test "$@" "${libtorch[@]}" || failed=1
exit $failed

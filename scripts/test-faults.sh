#!/usr/bin/env bash
# Usage: test-faults.sh [go test flags]
#
# Runs the long form of the fault tests: workers, trainers and databases are
# killed, suspended, starved and cut off. Then what reads input from outside
# is fuzzed, each reader for some seconds (FUZZTIME). What takes root (a small
# disk, a network of its own) is skipped without.
source "$(dirname "$0")/lib.sh"

if have apt-get && can_be_root; then
  export HPSEARCH_TEST_DATABASES=required
fi
export HPSEARCH_TEST_FAULTS=full CGO_ENABLED=0
failed=0
# It takes some 5 minutes on two cores; the limit is for busy ones.
go test -count=1 -timeout 20m "$@" ./internal/faults || failed=1

# fuzz PACKAGE NAME runs a fuzz test. A finding is left in the package's
# testdata/fuzz: commit it with the fix.
fuzz() {
  go test -run '^$' -fuzz "^$2\$" -fuzztime "${FUZZTIME:-10s}" "$1" || failed=1
}
if [ $# -eq 0 ]; then
  fuzz ./storage FuzzURL
  fuzz ./internal/studyfile FuzzParse
  fuzz ./objective/protocol FuzzDecode
  fuzz ./search FuzzUnmarshalDistribution
fi
exit $failed

#!/usr/bin/env bash
# Usage: packages.sh go|libtorch
#
# Lists the packages that do without cgo, or those that link libtorch
# themselves or in their tests.
source "$(dirname "$0")/lib.sh"

CGO_ENABLED=1 go list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | awk -v want="${1:?go or libtorch?}" '
  { name = $1
    sub(/(_test)?$/, "", name); sub(/\.test$/, "", name)
    if (!(name in libtorch)) libtorch[name] = 0
    if ($0 ~ /github\.com\/sugarme\/gotch\/libtch/) libtorch[name] = 1 }
  END { for (name in libtorch) if (libtorch[name] == (want == "libtorch")) print name }' | sort

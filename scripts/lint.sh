#!/usr/bin/env bash
# Runs golangci-lint of a fixed version, through fit: it has to compile the
# cgo packages' declarations.
source "$(dirname "$0")/lib.sh"

version=v2.15.0
tools=$PWD/.build/tools/$version
if [ ! -x "$tools/golangci-lint" ]; then
  say "building golangci-lint $version from source; this takes some minutes, once"
  GOBIN=$tools go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
fi
.build/fit "$tools/golangci-lint" run "$@"

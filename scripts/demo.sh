#!/usr/bin/env bash
# Usage: demo.sh [full|small]
#
# The whole job, from a pretrained model to one that labels text: every
# command is printed before it runs, ready to be typed in the checkout's
# root. What it makes is in .build/demo and is made anew each time.
source "$(dirname "$0")/lib.sh"

case ${1:-full} in
  full) study=demo/study.yaml ;;
  small) study=demo/study-small.yaml ;;
  *) die "unknown size of the demo: $1" "Say full or small." ;;
esac

scripts/model.sh >/dev/null
WNSEARCHDIR=$(scripts/fetch-wordnet.sh)
export WNSEARCHDIR
rm -rf .build/demo
mkdir -p .build/demo

started=$SECONDS

# step COMMENT COMMAND prints and runs a command line as a user would type it.
step() {
  printf '\n# %s\n$ %s\n' "$1" "$2"
  eval "$2"
}

step "Use what was built, and keep this demo's studies to itself." \
  'export PATH=$PWD/bin:$PATH HPSEARCH_STORAGE=sqlite:///.build/demo/hpsearch.db'
step "Is everything in place? The trainer, libtorch, CUDA, the storage." \
  'hpsearch doctor'
step "The study: a model, a family of tasks, and the settings to search." \
  "cat $study"
step "Check the file; nothing is written." \
  "hpsearch study check $study"
step "Create the study." \
  "hpsearch study create -f $study"
step "Run its trials, two at a time. Ctrl-C and run again goes on where it was." \
  'hpsearch run demo --parallel 2'
step "What came of it." \
  'hpsearch study show demo'
step "All trials; PRUNED ones were ended early because they did badly." \
  'hpsearch trial list demo'
step "The best one." \
  'hpsearch best demo'
step "Train the best one again, measure it on tasks that no trial saw, quantize it, export both." \
  'hpsearch export demo --to .build/demo/model --quantize int8'
step "What was exported." \
  'cat .build/demo/model/report.md'
step "Three new classes, six examples of each." \
  'head -n 3 demo/tickets.jsonl'
step "Fit the exported model to them: seconds, no search." \
  'hpsearch adapt .build/demo/model --task demo/tickets.jsonl --to .build/demo/tickets'
step "Label text." \
  'hpsearch predict .build/demo/tickets < demo/new-tickets.txt'

# The demo is a test too: it fails when its results are not there.
[ "$(hpsearch trial list demo -o json | grep -c '"state": "COMPLETE"')" -ge 1 ] || die "no trial was completed"
[ -s .build/demo/model/model.safetensors ] && [ -s .build/demo/model/compressed/model.safetensors ] || die "the exported model is incomplete"
[ "$(hpsearch predict .build/demo/tickets -o csv <demo/new-tickets.txt | wc -l)" -eq $(($(wc -l <demo/new-tickets.txt) + 1)) ] ||
  die "predict did not label every line"
if ! grep -q '"device": "cuda' .build/demo/model/report.json; then
  grep -q '"reproduced": true' .build/demo/model/report.json || die "retraining did not reproduce the stored value"
fi
printf '\nDone in %d s. The exported model is in .build/demo/model, the adapted one in .build/demo/tickets.\n' $((SECONDS - started))

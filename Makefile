# hpsearch: `make help` lists the targets. The work is done by scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Which budget `make demo` spends: full or small.
DEMO ?= full
# Which version of PyPI's torch `make test-torch` takes.
TORCH ?= 2.11.0
# How many studies `make bench-search` runs of each sampler on each function.
SEEDS ?= 30
# More flags for `go test`, for example FLAGS='-run TestBert -v'.
FLAGS ?=

.PHONY: help setup toolchain build demo model wordnet test test-race test-faults test-torch lint bench bench-search bench-train bench-storage fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: toolchain ## install what is missing: libtorch, a C++ compiler, the databases of the tests
	@scripts/databases.sh

toolchain:
	@scripts/setup.sh

build: toolchain ## build bin/hpsearch and bin/hpsearch-trainer (set-up included)
	@scripts/build.sh

demo: build ## do the whole job on a real model and real text; DEMO=small for a quick one
	@scripts/demo.sh $(DEMO)

model: ## fetch the demo's model, all-MiniLM-L6-v2 (84 MB), and print its folder
	@scripts/model.sh

wordnet: ## fetch the demo's texts, WordNet, and print their folder
	@scripts/fetch-wordnet.sh

test: build setup ## run all tests (set-up and the model that they need included)
	@scripts/test.sh $(FLAGS)

test-race: setup ## run the tests of the packages without libtorch under the race detector
	@scripts/packages.sh go | CGO_ENABLED=1 xargs go test -race $(FLAGS)

test-faults: setup ## kill, suspend and starve workers and databases; FLAGS='-run Kills -v'
	@scripts/test-faults.sh $(FLAGS)

test-torch: toolchain ## run the trainer's tests on PyPI's torch; TORCH=2.11.0 names the version
	@scripts/test-torch.sh $(TORCH) $(FLAGS)

lint: toolchain ## run golangci-lint (built from source the first time: some minutes)
	@scripts/lint.sh

bench: build ## measure the start-up time, and a training step against Python's
	@scripts/bench.sh

bench-search: ## measure the samplers beside Optuna's, into docs/benchmarks/search.md; SEEDS=30
	@scripts/bench-search.sh $(SEEDS)

bench-train: build ## measure meta-training, into docs/benchmarks/training.md; OMNIGLOT=folder
	@scripts/bench-train.sh $(FLAGS)

bench-storage: setup ## measure the storage beside Optuna's, into docs/benchmarks/storage.md
	@scripts/bench-storage.sh $(FLAGS)

fmt: ## format the Go sources
	@gofmt -w -s $$(git ls-files '*.go')

clean: ## remove what was built here; downloads in ~/.cache/hpsearch stay
	rm -rf bin .build

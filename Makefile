# The two commands that matter: `make demo` and `make test`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/telnyx-operator
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := $(CACHE)/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
MDBOOK_VERSION := 0.5.4
MDBOOK := $(CACHE)/mdbook-$(MDBOOK_VERSION)/bin/mdbook
TARGET := $(or $(CARGO_TARGET_DIR),target)
# For programs that run for a second: compiled in half the time.
QUICKLY := CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
# Run by its path: what `cargo run` adds to the environment makes a `cargo test` below it build ring, and all above that, again.
DEV_CLUSTER := $(TARGET)/debug/dev-cluster

# The stories wait more than they work: several side by side share two cores well, and their waits have room for it. So do the
# programs that they are in: SIDE_BY_SIDE at a time, each with so many threads.
RUST_TEST_THREADS ?= 5
export RUST_TEST_THREADS
SIDE_BY_SIDE ?= 2

# KEEP=1 leaves the demo running; CLUSTER=existing uses the cluster that KUBECONFIG names.
KEEP ?=
CLUSTER ?=

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: tools ## Run the whole product on loopback: cluster, simulator, operator, a campaign of 200 targets
	@$(CARGO) build --release --quiet --package telnyx-operator --package testbed
	@exec $(TARGET)/release/testbed demo $(if $(KEEP),--keep) $(if $(filter existing,$(CLUSTER)),--existing-cluster) $(if $(KILL),--kill-every=$(KILL))

# What the operator sent while it was tested; Telnyx's own Python package judges it afterwards.
JOURNAL = $(abspath $(TARGET))/journal.jsonl

.PHONY: test
test: ## Run every test, on a real Kubernetes API server
	rm -f $(JOURNAL)
	$(CARGO) test --quiet --workspace --no-run
	$(DEV_CLUSTER) build
	TELNYX_SIMULATOR_JOURNAL=$(JOURNAL) $(DEV_CLUSTER) run -- \
		$(MAKE) --no-print-directory --jobs $(SIDE_BY_SIDE) --keep-going --output-sync=target suites
	$(TARGET)/debug/conformance journal $(JOURNAL) --complete

# The stories of an installation, the longest first, and all other tests. Each says what came of it when it has ended.
STORIES := campaigns platform ha reconcile plugin manifests flows
SUITES := suite-others $(STORIES:%=suite-%) suite-docs
OTHERS = $(filter-out $(STORIES),$(sort \
	$(basename $(notdir $(wildcard tests/*.rs crates/*/tests/*.rs))) \
	$(notdir $(patsubst %/main.rs,%,$(wildcard tests/*/main.rs crates/*/tests/*/main.rs)))))
# Cargo would take make for its own job server.
SUITE = env --unset=MAKEFLAGS $(CARGO) test --workspace --no-fail-fast

.PHONY: suites $(SUITES)
suites: $(SUITES)

$(STORIES:%=suite-%): suite-%:
	$(SUITE) --test $*

suite-others:
	$(SUITE) --lib --bins $(OTHERS:%=--test %)

suite-docs:
	$(SUITE) --doc

# BEFORE is a tag or a commit. It has a target directory of its own: in a shared one cargo takes one's crates for the other's.
BEFORE ?= $(shell git describe --tags --abbrev=0 HEAD^ 2>/dev/null)
BEFORE_SOURCE = $(TARGET)/before/source
BEFORE_TARGET = $(TARGET)/before/target

.PHONY: test-upgrade
test-upgrade: tools ## Let this operator replace that of BEFORE (the newest tag) in the middle of campaigns
	@[ -n "$(BEFORE)" ] || { echo "there is no tag yet: say BEFORE=commit" >&2; exit 2; }
	rm -rf $(BEFORE_SOURCE) && mkdir -p $(BEFORE_SOURCE)
	git archive $(BEFORE) | tar --extract --directory $(BEFORE_SOURCE)
	$(CARGO) build --quiet --manifest-path $(BEFORE_SOURCE)/Cargo.toml --target-dir $(BEFORE_TARGET) --package telnyx-operator --bin telnyx-operator
	TELNYX_OPERATOR_BEFORE=$(abspath $(BEFORE_TARGET))/debug/telnyx-operator $(DEV_CLUSTER) run -- \
		$(CARGO) test --package telnyx-operator --test ha -- an_operator_that_replaces_an_older_one

.PHONY: check
check: fmt clippy deny book ## Format, lint and licence checks, and the links of the book

.PHONY: fmt
fmt: ## Check the formatting
	$(CARGO) fmt --all --check

.PHONY: clippy
clippy: ## Lint with warnings denied
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --package telnyx-operator --lib --bins --no-default-features -- -D warnings

.PHONY: deny
deny: $(CARGO_DENY) ## Check licences, bans and sources of the dependencies
	$(CARGO_DENY) --log-level warn check licenses bans sources

$(CARGO_DENY):
	$(QUICKLY) $(CARGO) install --locked --quiet --root $(CACHE)/cargo-deny-$(CARGO_DENY_VERSION) cargo-deny@$(CARGO_DENY_VERSION)

.PHONY: book
book: $(MDBOOK) ## Build the documentation into target/book and follow every link in it
	$(CARGO) build --quiet --package book
	$(MDBOOK) build --dest-dir $(abspath $(TARGET))/book
	$(TARGET)/debug/book check $(TARGET)/book

$(MDBOOK):
	$(QUICKLY) $(CARGO) install --locked --quiet --root $(CACHE)/mdbook-$(MDBOOK_VERSION) --no-default-features --features search mdbook@$(MDBOOK_VERSION)

# For a night. SEEDS bounds how many worlds, MINUTES how long, FROM is the first seed; a failing seed is printed, and SEED=n replays it.
MINUTES ?= 480
SEEDS ?=
FROM ?=

.PHONY: soak
soak: ## Run the dialer's simulation for MINUTES (480) or over SEEDS worlds; prints the seed of a world that fails
	MINUTES=$(MINUTES) SEEDS=$(SEEDS) FROM=$(FROM) $(CARGO) test --package dialer --test simulation -- --ignored --exact soak --nocapture

# Each target is a function of crates/fuzz; what it finds is kept in target/fuzz and replayed by `cargo fuzz run`.
TARGETS ?= webhook signature client_state flow expression audience
SECONDS_EACH ?= 300

.PHONY: fuzz
fuzz: ## Feed libFuzzer's inputs to the TARGETS for SECONDS_EACH (300); needs cargo-fuzz
	for target in $(TARGETS); do \
		mkdir -p $(TARGET)/fuzz/$$target && RUSTFLAGS="--cap-lints=warn" $(CARGO) fuzz run --fuzz-dir crates/fuzz --features libfuzzer --sanitizer none \
			$$target $(TARGET)/fuzz/$$target crates/fuzz/seeds/$$target -- -max_total_time=$(SECONDS_EACH) -max_len=65536; \
	done

.PHONY: bench
bench: tools ## Measure the operator; results as a table and in target/bench/results.json
	$(CARGO) bench --package telnyx-operator --bench operator

# A static binary, then an image of it alone. buildah needs neither a daemon nor a registry; docker is taken where it is not there.
IMAGE ?= telnyx-operator:latest
IMAGE_TARGET := x86_64-unknown-linux-gnu
# Relative relocations are packed: a megabyte of a program that may be loaded anywhere. Functions of the same code are kept once.
IMAGE_FLAGS := -C target-feature=+crt-static -C link-arg=-Wl,--pack-dyn-relocs=relr -C link-arg=-Wl,--icf=all
IMAGE_ROOT = $(TARGET)/image-root
BUILDER ?= $(if $(shell command -v buildah),buildah bud --isolation chroot --storage-driver vfs,docker build)

.PHONY: image
image: image-root ## Build the container image IMAGE from scratch, with buildah or docker
	$(BUILDER) --build-arg BINARY=telnyx-operator --tag $(IMAGE) --file Containerfile $(IMAGE_ROOT)

.PHONY: image-root
image-root: ## Put the image's only file into target/image-root, and check it in a root file system of its own
	RUSTFLAGS="$(IMAGE_FLAGS)" $(CARGO) build --quiet --locked --profile image --target $(IMAGE_TARGET) \
		--no-default-features --package telnyx-operator --bin telnyx-operator
	rm -rf $(IMAGE_ROOT) && mkdir -p $(IMAGE_ROOT)
	cp $(TARGET)/$(IMAGE_TARGET)/image/telnyx-operator $(IMAGE_ROOT)/
	image/check.sh $(IMAGE_ROOT)

.PHONY: generate
generate: ## Write the generated files again: CRDs, their copy in the chart, the reference, what the chart renders, what is covered, pictures of flows
	$(CARGO) run --quiet --package telnyx-operator -- crds --dir crds
	$(CARGO) run --quiet --package telnyx-operator -- crds --dir charts/telnyx-operator/files/crds
	UPDATE=1 $(CARGO) test --quiet --package conformance --test simulator
	UPDATE=1 $(CARGO) test --quiet --package telnyx-operator --test manifests reviewed
	UPDATE=1 $(CARGO) test --quiet --package telnyx-operator --test manifests the_reference_is
	UPDATE=1 $(CARGO) test --quiet --package telnyx-operator --test platform settings
	UPDATE=1 $(CARGO) test --quiet --package telnyx-operator --test flow_examples picture

.PHONY: tools
tools: ## Build etcd, kube-apiserver, kube-controller-manager, kubectl, helm and promtool once, into the user's cache
	@$(CARGO) build --quiet --package dev-cluster
	@$(DEV_CLUSTER) build

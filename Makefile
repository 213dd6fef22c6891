# Everything a newcomer needs. Each target first looks for what is there, says what it is about to fetch or build
# and how long that takes, and does nothing twice.

# One feature set for every build, test and lint: a second one would compile the server twice.
PACKAGES := -p domain -p app -p connectors -p server --features app/ssr
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml | head -n 1)
ARCHIVE := passmuster-$(VERSION)-x86_64-linux

.DEFAULT_GOAL := help
.PHONY: help run test check bench fuzz dist

help: ## this list
	@sed -n 's/^\([a-z]*\): ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: ## the portal with the demo company on http://localhost:3000; Ctrl-C stops it, .demo/ keeps its data
	@tools/run

test: ## everything: domain, portal on a real mongod, recipe, browser journeys
	@tools/test

check: ## format, lints, licences
	cargo fmt --all --check
	cargo clippy $(PACKAGES) --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses; \
	else echo "Licences were not checked: cargo-deny is not installed (cargo install cargo-deny)."; fi

bench: ## figures of speed and memory, each beside another of the same run (ONLY=bundle for one group); target/bench/*.json
	@echo "Building for release (about ten minutes from nothing on two cores), then measuring (some minutes) ..."
	@PASSMUSTER_MONGOD=$$(tools/mongod) cargo bench $(PACKAGES) --bench figures -- $(ONLY)

fuzz: ## a minute each of fuzzing what reads hostile bytes (PASSMUSTER_FUZZ_SECONDS)
	@tools/fuzz

dist: ## the release binary and its site as one archive in target/
	@tools/site
	@echo "Building the portal for release (about ten minutes from nothing on two cores, seconds when little changed) ..."
	cargo build --release -p server
	rm -rf target/$(ARCHIVE) && mkdir -p target/$(ARCHIVE)
	cp -R target/release/passmuster target/site README.md LICENSE target/$(ARCHIVE)/
	rm -f target/$(ARCHIVE)/site/pkg/.islands target/$(ARCHIVE)/site/pkg/.emergency target/$(ARCHIVE)/site/pkg/.verifier
	tar -C target -czf target/$(ARCHIVE).tar.gz --owner=0 --group=0 $(ARCHIVE)
	rm -rf target/$(ARCHIVE)
	@echo "target/$(ARCHIVE).tar.gz"

# The commands of this repository. `make help` is its table of contents.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help demo build run fmt lint check deny services test test-fast it it-postgres chaos fuzz fuzz-api bench gen docs

# Pages that the program knows how to write: `usher reference PAGE`.
PAGES := config.md error-codes.md cli.md providers.md profiles.md admin-api.json
TARGET_DIR := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)

help: ## This table of contents
	@echo "Usher: a multi-tenant SCIM 2.0 gateway. What make can do here:"; echo
	@awk -F ':.*## ' '/^## /{sub(/^## /, ""); print "\n" $$0} /^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo "Where things are: README.md, then docs/architecture.md; why they are so: docs/adr/."

## To see it
demo: ## Two tenants' Entra cycles reach a booking service, live; DEMO_ONCE=1 ends by itself and compares
	@deploy/demo.sh
run: ## The gateway with its defaults (SQLite in ./usher-data, http://127.0.0.1:8080)
	cargo run -p usher -- serve
build: ## The optimised binaries: target/release/usher, entra-sim, scim-conformance
	@deploy/need.sh build
	cargo build --release

## To change it
fmt: ## Format everything
	cargo fmt --all
lint: ## Formats, clippy, rustdoc: no warning anywhere
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
check: lint ## Lint, and the tests of the project itself (crate boundaries, dependencies, citations, file sizes, generated pages)
	cargo test --workspace --test it --bin usher -- architecture citations dependencies housekeeping reference
deny: ## Licences, sources, doubled versions and known vulnerabilities of what we depend on, by cargo-deny (deny.toml)
	@cargo deny --version >/dev/null 2>&1 || { \
		echo "deny: cargo-deny is missing; next step: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --locked --offline check licenses bans sources
	@if cargo deny fetch db; then cargo deny --locked check advisories; \
		else echo "deny: the database of advisories cannot be reached, so known vulnerabilities were not looked for" >&2; fi
test-fast: ## Tests that need no service
	cargo test --workspace --exclude tests
it: services ## Tests against real PostgreSQL, Redis and the programs; ARGS=name picks some, INSTA_UPDATE=always accepts changed snapshots
	cargo build --workspace --all-targets
	USHER_TEST_PROGRAMS="$(TARGET_DIR)/debug" cargo test --workspace --test it -- $(ARGS)
it-postgres: services ## The store's and the SCIM tests on the machine's own PostgreSQL, on 17 and on 18
	@deploy/need.sh postgres-17 postgres-18
	cargo build --workspace --all-targets
	@for server in "" "$$(deploy/need.sh --where postgres-17)" "$$(deploy/need.sh --where postgres-18)"; do \
		export USHER_TEST_PROGRAMS="$(TARGET_DIR)/debug"; \
		if [ -n "$$server" ]; then export USHER_TEST_POSTGRES="$$server"; "$$server/postgres" --version; fi; \
		cargo test --workspace --test it -- $(or $(ARGS),store:: scim::) || exit 1; \
	done
test: services lint ## Everything, as CI runs it
	cargo build --workspace --all-targets
	USHER_TEST_PROGRAMS="$(TARGET_DIR)/debug" cargo test --workspace
fuzz: ## Fuzz what reads strangers' bytes; SECONDS=30 for each target, ARGS='filter path' picks some
	@deploy/need.sh build fuzz
	crates/scim/fuzz/run.sh $(or $(SECONDS),30) $(ARGS)
fuzz-api: ## Ask the admin API what its OpenAPI document allows and what not, with schemathesis; SECONDS=60
	@deploy/need.sh build python schemathesis
	cargo build -p usher
	USHER="$(TARGET_DIR)/debug/usher" SECONDS_LONG=$(or $(SECONDS),60) deploy/fuzz-api.sh
chaos: services ## The bad days (tests/it/bad_days) in their long form: ROUNDS=20 times each fault, under load; ARGS=name picks some
	cargo build --workspace --all-targets
	USHER_TEST_PROGRAMS="$(TARGET_DIR)/debug" USHER_TEST_ROUNDS=$(or $(ROUNDS),20) \
		cargo test --workspace --test it -- $(or $(ARGS),bad_days:: chaos::)
services: ## Find or install what tests need: a C compiler, PostgreSQL, Redis, Python, AsyncAPI's parser, schemathesis, an OpenID provider
	@deploy/need.sh build postgres redis python asyncapi schemathesis oidc

## To know more
bench: services ## Rates beside what they are compared with, in one run; ARGS='query-sqlite --json FILE' (docs/benchmarks.md)
	cargo build --release -p usher -p tests --bins
	USHER_TEST_PROGRAMS="$(TARGET_DIR)/release" "$(TARGET_DIR)/release/bench" $(ARGS)
gen: ## Write the generated pages of docs/reference anew (tests fail when they are not)
	cargo build -q -p usher
	for page in $(PAGES); do \
		"$(TARGET_DIR)/debug/usher" reference "$${page%.*}" > "$(TARGET_DIR)/page" && mv "$(TARGET_DIR)/page" "docs/reference/$$page" || exit 1; \
	done
docs: ## The code's own documentation, in target/doc
	cargo doc --workspace --no-deps

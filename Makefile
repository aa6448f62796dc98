# One command each. `make help` lists them.
SHELL := /bin/bash
.PHONY: run test setup check fmt lint unit it e2e bench torture drill fuzz release gen size clean help

run: ## install what is missing, build the release, and serve on http://127.0.0.1:3000
	@CERTNODE_SETUP=run scripts/setup && scripts/build && exec target/release/certnode serve

test: ## everything CI runs
	@scripts/setup && scripts/test

setup: ## install what building and testing needs
	@scripts/setup

check: ## does it compile, for both targets
	@. scripts/env && SQLX_OFFLINE=true cargo check && SQLX_OFFLINE=true cargo check -p frontend --target wasm32-unknown-unknown

fmt: ## format
	@. scripts/env && cargo fmt

lint: ## clippy, formatting and the house's rules
	@. scripts/env && scripts/house && cargo fmt --check && SQLX_OFFLINE=true cargo clippy -q --all-targets -- -D warnings && SQLX_OFFLINE=true cargo clippy -q -p frontend --target wasm32-unknown-unknown -- -D warnings

unit: ## tests that need no database
	@. scripts/env && SQLX_OFFLINE=true cargo test -q -p ledger

it: ## tests on a real PostgreSQL
	@. scripts/env && SQLX_OFFLINE=true scripts/with-postgres cargo test -q -p domain -p app -p server

e2e: ## the browser's tests, on the release build
	@scripts/build && scripts/e2e

bench: ## receipts a second, latency, CPU, memory, anchoring, fsck, verifying (BENCH_SECONDS, BENCH_ORGS, BENCH_ONLY)
	@CERTNODE_SETUP=bench scripts/setup && scripts/build && . scripts/env && node scripts/bench/main.mjs && scripts/size

torture: ## three nodes and everything that can happen to them, 1,000 times over (TORTURE_ROUNDS)
	@scripts/build && . scripts/env && node scripts/torture.mjs

drill: ## a backup, a disk that is gone under load, and a restore, with 1,000,000 receipts (DRILL_RECEIPTS)
	@scripts/build && . scripts/env && node scripts/drill.mjs

fuzz: ## every parser of bytes from outside, a minute each (FUZZ_SECONDS)
	@scripts/fuzz

release: ## the server, what is in it, and their hashes, in target/dist (RELEASE=--check builds it twice and compares)
	@scripts/setup && scripts/release $(RELEASE)

gen: ## make the generated files anew
	@scripts/gen

size: ## weigh the first load against its budget
	@scripts/size

clean: ## remove what was built (never ./data)
	@rm -rf target end2end/node_modules end2end/test-results

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

# The front door. Whatever takes more than a line is a script in .ci/.

.DEFAULT_GOAL := help
.PHONY: help run dev test e2e bench fmt lint setup sqlx

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

run: setup ## build for production, then serve a demo city with its own database (Ctrl-C ends it)
	@.ci/build release && exec target/release/server serve --demo

dev: setup ## the same, quickly built, and built again whenever a source changes
	@exec .ci/dev

test: ## everything: format, lints, unit, SQL, HTTP and browser tests; the last line counts them
	@exec .ci/test

e2e: ## the browser tests alone; ARGS='tests/housing.spec.ts --headed' goes to Playwright
	@.ci/setup --test && .ci/build dev && exec .ci/e2e $(ARGS)

bench: ## every measured figure beside its floor, and target/bench.json
	@.ci/setup --bench && .ci/build release && . target/tools/env && exec target/release/server bench

fmt: setup ## format all Rust code
	@. target/tools/env && cargo fmt --all

lint: setup ## format check and clippy for server and browser, warnings as errors
	@exec .ci/lint

setup: ## install what is missing; the other commands do this by themselves
	@.ci/setup

sqlx: setup ## after a change of SQL: check all queries against a database, renew .sqlx
	@exec .ci/sqlx

.DEFAULT_GOAL := help
SHELL := /bin/bash
# The first Python on PATH that is new enough; name another with make PYTHON=...
PYTHON ?= $(or $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done),python3)
PORT ?= $(or $(BALEEN_PORT),8000)
# Processes that share the test files; each has stores of its own.
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
UV := $(VENV)/uv/bin/uv
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet --override requirements/overrides.txt
SYNC := $(UV) pip sync --quiet --require-hashes --compile-bytecode

.PHONY: help
help: ## Show every target with one line about it
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up -----------------------------------------------------------------
.PHONY: setup
setup: $(VENV)/.synced assets ## Create .venv with the locked environment and build the assets (idempotent)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Baleen needs Python 3.11 or newer; run make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make environments; install its venv module (Debian: apt-get install python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)/uv
	$(VENV)/uv/bin/pip install --quiet --disable-pip-version-check uv

$(VENV)/.synced: requirements/dev.txt | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(SYNC) --python $(BIN)/python requirements/dev.txt
	@touch $@

.PHONY: lock
lock: | $(UV) ## Re-make requirements/*.txt from requirements/*.in
	$(COMPILE) requirements/base.in -o requirements/base.txt
	$(COMPILE) requirements/embedded.in -o requirements/embedded.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt

# --- assets -----------------------------------------------------------------
# Node 20 or newer from PATH, else from a wheel in its own small environment, so that a bare machine builds them too.
ASSETS := apps/web/assets
ASSET_SOURCES := $(wildcard $(ASSETS)/src/*) $(ASSETS)/build.mjs $(ASSETS)/icons.json
HAS_NODE := $(shell command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)
NODE := $(if $(HAS_NODE),,$(VENV)/node/.synced)
NPM_IN = $(if $(HAS_NODE),,PATH="$(CURDIR)/$(VENV)/node/bin:$$PATH" )npm --loglevel=error --prefix
NPM := $(NPM_IN) $(ASSETS)

$(VENV)/node/.synced: requirements/node.txt | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)/node
	$(SYNC) --python $(VENV)/node/bin/python requirements/node.txt
	@touch $@

$(ASSETS)/node_modules/.synced: $(ASSETS)/package-lock.json | $(NODE)
	$(NPM) ci --ignore-scripts
	@touch $@

staticfiles/staticfiles.json: $(ASSETS)/node_modules/.synced $(ASSET_SOURCES) $(VENV)/.synced | $(NODE)
	$(NPM) run --silent build
	BALEEN_DATA_DIR=$(VENV)/assets-data $(BIN)/python manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

.PHONY: assets
assets: staticfiles/staticfiles.json ## Build the dashboard's scripts, style and icons

.PHONY: assets-check
assets-check: $(ASSETS)/node_modules/.synced ## Type-check the dashboard's scripts
	$(NPM) run --silent check

# --- run --------------------------------------------------------------------
.PHONY: run
run: setup ## Set up and start everything; prints the address, the login and the project key
	@exec $(BIN)/python manage.py up --port $(PORT)

.PHONY: up
up: ## Start everything without checking the set-up first
	@exec $(BIN)/python manage.py up --port $(PORT)

.PHONY: worker
worker: ## Run one more Celery worker beside a running stack
	$(BIN)/python -m celery --app=analytics.celery worker --pool=threads --concurrency=2 --hostname=extra@%h --loglevel=INFO

.PHONY: migrate
migrate: ## Bring both databases of a running stack to this version
	$(BIN)/python manage.py prepare

.PHONY: demo
demo: ## Fill the first project of a running stack with 90 days of a demo product
	$(BIN)/python manage.py demo --host http://127.0.0.1:$(PORT) --project-token "$$($(BIN)/python -m analytics.supervisor.welcome --project-key)" $(ARGS)

.PHONY: seed
seed: demo ## The same as demo

.PHONY: screenshots
screenshots: setup browser ## Take the pictures in docs/images from a demo project
	$(BIN)/python -m tests.screenshots

# --- check ------------------------------------------------------------------
.PHONY: test
test: setup browser clickhouse-client clients check ## Set up and run the whole suite: lint, types, staircase, tests
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadfile

.PHONY: test-fast
test-fast: ## Unit tests only
	$(BIN)/python -m pytest tests/unit

.PHONY: test-slow
test-slow: ## Soak tests that take minutes
	$(BIN)/python -m pytest -m slow --timeout 900

.PHONY: chaos
chaos: setup ## Kill the real processes at random under load, then count; ARGS="--seconds 600 --seed 7"
	$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: check
check: lint types arch templates assets-check ## Lint, types, the staircase and templates

.PHONY: lint
lint: ## Ruff rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: fmt
fmt: ## Format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: types
types: ## Strict mypy
	$(BIN)/mypy .

.PHONY: arch
arch: ## The staircase of apps
	$(BIN)/lint-imports

.PHONY: templates
templates: ## Lint the HTML templates
	$(BIN)/djlint apps --lint --quiet

# The browser tests drive Debian's Chromium, found on PATH.
.PHONY: browser
browser:
	@if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
		else \
			echo "The browser tests need Chromium; install it with: sudo apt-get install chromium"; exit 1; \
		fi; \
	fi

# The official clients from npm, unmodified, that the contract tests run.
CLIENTS := tests/clients/node
.PHONY: clients
clients: $(CLIENTS)/node_modules/.synced ## Install the official clients that the tests run

$(CLIENTS)/node_modules/.synced: $(CLIENTS)/package-lock.json | $(NODE)
	$(NPM_IN) $(CLIENTS) ci --ignore-scripts
	@touch $@

# One more client to hold the embedded ClickHouse against; its tests are skipped where it cannot be had.
.PHONY: clickhouse-client
clickhouse-client: ## Install one more client for the tests, where apt-get may
	@if ! command -v clickhouse-client >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends clickhouse-client) \
			>/dev/null 2>&1 || echo "clickhouse-client could not be installed; its tests are skipped"; \
	fi

.PHONY: bench
bench: setup ## Measure every figure of the budget; JSON lines
	$(BIN)/python -m bench

.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(VENV)/uv/bin/uv
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet --override requirements/overrides.txt

.PHONY: help
help: ## Show every target with one line about it
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up -----------------------------------------------------------------
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Baleen needs Python 3.11 or newer; run make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)/uv
	$(VENV)/uv/bin/pip install --quiet --disable-pip-version-check uv

$(VENV)/.synced: requirements/dev.txt requirements/base.txt | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.synced ## Create .venv with the locked environment (idempotent)

.PHONY: lock
lock: | $(UV) ## Re-make requirements/*.txt from requirements/*.in
	$(COMPILE) requirements/base.in -o requirements/base.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt

# --- check ------------------------------------------------------------------
.PHONY: test
test: setup check ## Set up and run the whole suite: lint, types, staircase, tests
	$(BIN)/python -m pytest -m "not slow"

.PHONY: check
check: lint types arch ## Lint, types and the staircase

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

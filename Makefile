# The commands of this repository. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install -qq --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help run test test-faults test-outside test-rest faults lint format docs translations screenshots bench

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' Makefile

# What the demo project runs; see docs/deploy.md.
run: export AI_SERVER_COMMAND ?= $(BIN)/python examples/ai_server.py --port {port} --state {dir}
run: .venv/.installed ## Serve on http://127.0.0.1:8000, or on PORT
	@$(BIN)/flask --app wsgi db upgrade
	@exec $(BIN)/gunicorn wsgi:app

test: .venv/.installed-dev ## Run every test; REQUIRE_ALL=1 lets none be skipped
	@$(MAKE) --no-print-directory --jobs 3 --keep-going --output-sync=target test-faults test-outside test-rest

# Three parts side by side, for two processors: the first two mostly wait for other processes.
FAULTS := tests/faults tests/provisioning
OUTSIDE := tests/tools tests/real

test-faults: .venv/.installed-dev
	@$(BIN)/python -m pytest -rfEs $(FAULTS)

test-outside: .venv/.installed-dev
	@status=0; \
	$(BIN)/python -m pytest -rfEs $(OUTSIDE) || status=$$?; \
	$(BIN)/python -m pytest -rfEs -o addopts="--strict-markers --timeout 180" tests/browser || status=$$?; \
	exit $$status

test-rest: .venv/.installed-dev
	@$(BIN)/python -m pytest -rfEs $(addprefix --ignore ,$(FAULTS) $(OUTSIDE) tests/browser)

lint: .venv/.installed-dev ## Check format, style, types and the rules of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_architecture.py

format: .venv/.installed-dev ## Write every file in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/.installed ## Write the pages of docs/ that come from the code
	$(BIN)/flask --app wsgi docs errors > docs/errors.md

translations: .venv/.installed ## Bring the catalogues up to date, and list what they lack
	@$(BIN)/python -m scripts.translations

screenshots: .venv/.installed-dev ## Take a picture of every page, into screenshots/
	@$(BIN)/python -m scripts.screenshots

faults: .venv/.installed-dev ## Kill, cut, pause and drain it, hundreds of times
	FAULTS=full $(BIN)/python -m pytest -q tests/faults

bench: .venv/.installed-dev ## Measure it beside nginx and a naive relay, in 3 minutes
	@$(BIN)/python -m bench

# A stamp is newer than its requirements once they are installed.
.venv/.installed: requirements.txt | $(BIN)/python
	@echo "Installing into .venv. This takes a minute, once."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing into .venv what the tests need. This takes a minute, once."
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Holdfast needs Python 3.11 or newer, and $(PYTHON) is not." \
	       "Name another: make run PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

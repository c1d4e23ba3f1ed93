PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: help setup demo test engines lint bench docs clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

setup: $(VENV)/.runtime ## make a virtual environment with what Consilience needs to run

$(VENV)/.runtime: pyproject.toml constraints.txt hatch_build.py $(wildcard src/consilience/overlap/*.[ch])
	@echo "setting up in $(VENV) (once, about half a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Consilience needs Python 3.11 or newer; say make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "adding what the tests need"
	@$(PIP) --editable '.[dev]'
	@touch $@

demo: setup ## run both worked cases and print where the dossiers are
	@$(BIN)/consilience --workspace demo/workspace assess --lang en --out demo cases/albania-2022 cases/gamaredon-lazarus-2025

test: $(VENV)/.dev ## run every test
	@$(BIN)/python -m pytest -n auto --dist loadfile

$(VENV)/.engines: $(VENV)/.dev
	@echo "adding the distributed engine (pyspark, 0.5 GB)"
	@$(PIP) --editable '.[dev,spark]'
	@touch $@

engines: $(VENV)/.engines ## run the tests of the engines elsewhere: DuckDB through Ibis, Spark (Java 17)
	@$(BIN)/python -m pytest tests/test_engine_*.py tests/test_sightings.py

lint: $(VENV)/.dev ## format, style, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev ## measure what docs/benchmarks.md states
	@$(BIN)/python bench/run.py

docs: $(VENV)/.dev ## check that the documents say what the program does
	@$(BIN)/python -m pytest tests/test_docs.py

clean: ## remove what the other targets made
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

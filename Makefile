# Counterseal: `make demo` shows what it does, `make test` checks that it does it.
# What a target needs is installed into .venv from the locks in requirements/, once; after that no network is needed.

SHELL := /bin/sh
PYTHON ?=
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test lint format generated generated-check bench docs lock clean
# A target that breaks off leaves no stamp behind.
.DELETE_ON_ERROR:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: .venv/.audit ## audit the example in examples/profiles: the terminal report, and an HTML page
	@scripts/demo.sh

test: .venv/.dev ## run the tests (ARGS='-k name' for some of them)
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: .venv/.dev ## ruff and mypy --strict over source and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

format: .venv/.dev ## put imports and layout right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generated: .venv/.dev ## write the generated files anew: rule pages, schemas
	$(BIN)/python scripts/generate.py

generated-check: .venv/.dev ## fail when a generated file is not what its source says
	$(BIN)/python scripts/generate.py --check

bench: .venv/.dev ## measure speed, and accuracy where labelled applications are at hand (see benchmarks/README.md)
	$(BIN)/python benchmarks/speed.py $(if $(CODE),$(CODE),src examples/profiles)
	$(if $(APPS),$(BIN)/python benchmarks/accuracy.py --apps $(APPS) --shared ../shared $(ARGS),@echo "accuracy: name the folder of checkouts: make bench APPS=DIR")

docs: .venv/.docs ## build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

lock: .venv/.dev ## resolve the dependencies anew and write requirements/
	scripts/lock.sh $(BIN)/pip-compile

clean: ## remove what make has built, the environment too
	rm -rf .venv build dist site .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	@python=$$(PYTHON='$(PYTHON)' sh scripts/find-python.sh) || exit $$?; \
	echo "Setting up .venv with $$($$python --version)"; \
	$$python -m venv .venv

.venv/.audit: requirements/audit.txt pyproject.toml | .venv/bin/python
	@echo "Installing Counterseal from requirements/audit.txt"
	@$(PIP) install --require-hashes --no-deps -r requirements/audit.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.audit
	@echo "Installing what the checks need from requirements/dev.txt"
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

.venv/.docs: requirements/docs.txt .venv/.dev
	@echo "Installing what the documentation needs from requirements/docs.txt"
	@$(PIP) install --require-hashes --no-deps -r requirements/docs.txt
	@touch $@

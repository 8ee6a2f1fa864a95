# `make help` lists what there is. Everything runs in .venv, made from uv.lock; nothing is installed elsewhere.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
DRILL ?= region-lost-black-holed
KILLS ?= 200
# Without compiled modules each of the hundreds of processes that tests and drills start compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup drill drills drills-all drills-everywhere broken-designs test lint types contracts kill-test real-clients controls soak bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

setup: .venv/.ready ## the virtual environment, from the lock file

.venv/.ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --inexact --quiet
	@touch $@

drill: setup ## one whole drill: a region goes dark, clients recover, it heals, service fails back
	@$(BIN)/drill run $(DRILL)

drills: setup ## all drills, as they are
	@$(BIN)/drill run

drills-all: setup ## all drills and their negative twins, each in an environment that can do it (some five hours; RESUME=--resume goes on)
	@$(BIN)/python drills/twins.py --everywhere $(RESUME)

drills-everywhere: setup ## four drills on every environment that is installed; they must end alike (drill install NAME)
	@$(BIN)/python drills/everywhere.py

broken-designs: setup ## every broken design in the drill that must catch it, and the reference beside them; DESIGNS="NAME ..."
	@$(BIN)/python tests/broken_designs/run.py $(DESIGNS) --reference

kill-test: setup ## a harness killed at 200 random points (SIGKILL, SIGTERM, SIGINT); nothing may be left (KILLS=N)
	@DRILL_KILLS=$(KILLS) $(BIN)/pytest tests/live/test_killed_anywhere.py tests/live/test_leftovers.py --capture=no

real-clients: setup ## a JVM, Node, Go and Chromium, those that are installed, in a world that fails over, beside their profiles
	@DRILL_REAL_CLIENTS=1 $(BIN)/pytest tests/conformance/test_audience_clients.py -k world

controls: setup ## the two controls, three times each
	@$(BIN)/drill run control-failover-disabled control-fault-never-applied --trials 3

soak: setup ## all drills, ten times
	@$(BIN)/drill run --trials 10

test: setup ## the project's tests, in two processes
	@$(BIN)/pytest tests --numprocesses 2

lint: setup ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup ## mypy, strict
	@$(BIN)/mypy

contracts: setup ## the layers of the architecture
	@$(BIN)/lint-imports

bench: setup ## every benchmark, as tables
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean: ## the virtual environment and caches; reports stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

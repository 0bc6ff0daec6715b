# Everything from a fresh clone; needs git, make and Python 3.11 or newer with venv.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
ARGS ?=

.PHONY: help setup page demo test check format bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## everything that `make test` needs, without running it
	@scripts/venv.sh dev
	@$(PYTHON) -m citypulse.stack
	@scripts/page.sh build
	@scripts/browser.sh

page: ## build the operators' page into dashboard/dist
	@scripts/page.sh build

demo: ## run a small city: poles, stations, database, broker, API and page; Ctrl-C stops it
	@if [ -e .venv/.dev.sha256 ]; then scripts/venv.sh dev; else scripts/venv.sh runtime; fi
	@scripts/page.sh build
	@exec .venv/bin/citypulse demo $(ARGS)

test: setup ## set everything up and run all tests on a real database and broker (ARGS=… for pytest)
	@scripts/page.sh test
	@exec $(PYTHON) -m pytest $(ARGS)

check: ## ruff, mypy, import contracts, and the page's own checks
	@scripts/venv.sh dev
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@scripts/page.sh check

format: ## put Python files into the form that `check` wants
	@scripts/venv.sh dev
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench: ## measure, one JSON line each (ARGS=… names benchmarks)
	@scripts/venv.sh dev
	@$(PYTHON) -m citypulse.stack
	@exec $(PYTHON) -m benchmarks $(ARGS)

lock: ## write requirements/*.lock anew from pyproject.toml (UPGRADE=1: newest versions)
	@scripts/lock.sh "$$(scripts/python.sh)"

clean: ## remove what was made here: .venv, page, caches (not the city's data: `citypulse down --wipe`)
	rm -rf .venv dashboard/node_modules dashboard/dist build dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

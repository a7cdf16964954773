# `make` lists the targets. Everything is installed on first use, by hash, into this folder alone.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

# The first Python on the path that is new enough; name another with `make PYTHON=…`.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

VENV := .venv
STACK_VENV := .venv-stack
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Stamps: newer than the requirement file means installed, so a second `make` installs nothing.
TOOLS := $(VENV)/.installed
STACK := $(STACK_VENV)/.installed

# Rooms in which every branch has a test; what is left of the code is only reported.
PURE := chalicelib/domain/*,chalicelib/sms/*,smpp_bridge/dispatch/*,smpp_bridge/protocol/*
# Groups of tests (tests/conftest.py) run side by side.
SIDE_BY_SIDE := --numprocesses=auto --dist=loadscope --no-loadscope-reorder
REQUIREMENTS := api functions ingest bridge stack dev

NAME ?=
ARGS ?=

.PHONY: help up package down test test-unit check format lock bench audit clean distclean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(TOOLS) $(STACK) ## Bring up everything on this machine and send a first campaign
	$(BIN)/python -m localstack.up $(ARGS)

package: $(TOOLS) ## Build zips and templates: make package ARGS="--target aws"
	$(BIN)/python -m infra.package $(ARGS)

down: $(TOOLS) ## Stop what `make up` started; its state stays in .local
	$(BIN)/python -m localstack.down $(ARGS)

test: $(TOOLS) $(STACK) ## Run every test, with coverage (ARGS go to pytest)
	$(BIN)/pytest $(SIDE_BY_SIDE) --cov --cov-report= $(ARGS)
	$(BIN)/coverage report
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100

test-unit: $(TOOLS) ## Run the tests that do no I/O (ARGS go to pytest)
	$(BIN)/pytest $(SIDE_BY_SIDE) tests/unit $(ARGS)

check: $(TOOLS) ## Lint, types, who may import whom, security, templates, the API's document
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml .
	$(BIN)/python -m infra.validate
	$(BIN)/python -m infra.openapi --check
	$(BIN)/python -m infra.numbering --check

format: $(TOOLS) ## Put the code into its one format
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

lock: $(UV) ## Compile requirements/ anew (ARGS=--upgrade takes the newest versions)
	$(BIN)/python -m infra.lock $(ARGS)

bench: $(TOOLS) ## Run one benchmark: make -s bench NAME=api ARGS="…"
	@test -n "$(NAME)" || { echo 'Name the benchmark: make -s bench NAME=api. There are:' \
		$$(cd bench && ls 2>/dev/null | grep '^[a-z].*\.py$$' | sed 's/\.py$$//') >&2; exit 2; }
	@$(BIN)/python -m bench.$(NAME) $(ARGS)

audit: $(TOOLS) ## Look up known vulnerabilities of what is pinned (needs the internet)
	for name in $(REQUIREMENTS); do $(BIN)/pip-audit --disable-pip --require-hashes -r requirements/$$name.txt; done

clean: ## Remove build products and caches; local state and venvs stay
	rm -rf build dist .chalice/deployments .coverage .coverage.* htmlcov
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -path './.*' -prune -o -type d -name __pycache__ -exec rm -rf {} +

distclean: clean ## Like clean, and remove the venvs and ALL LOCAL STATE (.local: lists, campaigns, ledgers)
	@if [ -d .local ] && [ -x $(BIN)/python ]; then $(BIN)/python -m localstack.down; fi
	rm -rf .local $(VENV) $(STACK_VENV)

$(UV): requirements/bootstrap.txt
	@test -n "$(PYTHON)" || { echo 'Message Center needs Python 3.11 or newer, and no python3 on the path is.' \
		'Install one, or name it: make PYTHON=/where/it/is/python3' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo '$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=/where/it/is/python3' >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo 'This Python cannot make virtual environments.' \
		'Install its venv module (on Debian and Ubuntu the package python3-venv) and run make again.' >&2; exit 1; }
	"$(PYTHON)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $(UV)

# uv knows nothing of pip's configuration: where only pip can reach a registry (a mirror, a proxy), pip installs. Hashes hold for both.
$(TOOLS): requirements/dev.txt $(UV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $(TOOLS)

$(STACK): requirements/stack.txt $(UV)
	$(UV) venv --quiet --clear --python $(BIN)/python $(STACK_VENV)
	$(UV) pip sync --quiet --compile-bytecode --python $(STACK_VENV)/bin/python --require-hashes requirements/stack.txt || \
		$(BIN)/python -m pip --python $(STACK_VENV)/bin/python install --quiet --disable-pip-version-check \
			--require-hashes -r requirements/stack.txt
	@touch $(STACK)

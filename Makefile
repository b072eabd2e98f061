# The commands of the project. `make install` is all that the others need; it runs again only when dependencies change.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo check test bench clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.installed ## prepare .venv

.venv/.installed: pyproject.toml constraints.txt
	@echo "Preparing .venv: about a minute, about 250 MB to fetch the first time."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	  rm -rf .venv; \
	  echo "Python could not make a virtual environment: on Debian, 'apt-get install python3-venv', then run make again." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --progress-bar on --disable-pip-version-check -c constraints.txt -e '.[dev,evaluate]'
	@touch $@

demo: install ## the whole path on this machine, live; ARGS=--once ends by itself
	@$(BIN)/quantrac demo $(ARGS)

check: install ## ruff, mypy strict, import contracts, unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q -m "unit or architecture or conformance" $(ARGS)

test: install ## everything, on real servers that the suite starts by itself
	$(BIN)/pytest $(ARGS)

bench: install ## readings/s, delay and memory of the whole path, beside bare COPY
	@$(BIN)/python -m bench $(ARGS)

clean: ## remove .venv and what tools left behind; data and cache stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

# The commands of the project. Each prepares .venv first, which is over at once unless dependencies have changed.
SHELL := /bin/bash
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo check types-and-imports unit-tests test bench clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: ## prepare .venv
	@PYTHON='$(PYTHON)' scripts/bootstrap_venv.sh

demo: install ## the whole path on this machine, live; ARGS=--once ends by itself
	@$(BIN)/quantrac demo $(ARGS)

# scikit-learn's threads wait for each other by spinning: beside other busy processes small fits take a minute, not 2 s.
unit-tests test: export OMP_NUM_THREADS := 1

check: install ## ruff, mypy strict, import contracts, unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs=2 types-and-imports unit-tests

# Side by side, for the sake of the minute: mypy's first run on a clone takes as long as the tests.
types-and-imports:
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit-tests:
	$(BIN)/pytest -q --numprocesses=logical --maxprocesses=4 -m "unit or architecture or conformance" $(ARGS)

test: install ## everything, on real servers that the suite starts by itself
	$(BIN)/pytest --numprocesses=2 --dist=loadfile $(ARGS)

bench: install ## readings/s, delay and memory of the whole path, beside bare COPY
	@$(BIN)/python -m bench $(ARGS)

clean: ## remove .venv and what tools left behind; data and cache stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

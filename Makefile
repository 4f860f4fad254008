# Everything runs in .venv, made from the hashed lock. Nothing is installed outside this folder.
PYTHON ?= python3.11
BIN := .venv/bin

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.PHONY: demo test lint bench test-slow
demo: .venv/ready
	$(BIN)/syncline demo

test: lint
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: .venv/ready
	$(BIN)/pytest -n 2 -m slow

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready
	$(BIN)/python -m bench

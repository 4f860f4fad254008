# Everything runs in .venv, made from the hashed lock. Nothing is installed outside this folder.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo interop soak test test-slow test-slow-sample torture lint format bench lock clean

demo: .venv/ready  ## Start with fake systems and sample data, and see records move
	$(BIN)/syncline demo

test: lint  ## Everything that takes seconds
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: .venv/ready  ## Everything that takes minutes
	$(BIN)/pytest -n 2 -m slow

test-slow-sample: .venv/ready  ## A random sample of the slow tests, about ten minutes; SEED=… repeats one
	$(BIN)/python .ci/slow_sample.py

torture: .venv/ready  ## Kill, stop and starve the demonstration for up to MINUTES=45; KILLS=500 STOPS=100 ON=sqlite SEED=…
	$(BIN)/python tests/torture

interop: .venv-interop/ready  ## Others' client libraries against the fake systems, and what vendors publish of their APIs
	.venv-interop/bin/python tests/interop/from_npm.py
	.venv-interop/bin/pytest tests/interop

soak: .venv/ready  ## Simulated systems, people and faults against the engine; SEEDS=… stories
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),20000)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready  ## Throughput, memory and calls, printed as a table
	$(BIN)/python -m bench

lock: pyproject.toml  ## Renew requirements.lock; pip-tools stays out of .venv
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check "pip-tools>=7.6"
	CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras \
		--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--extra dev --extra expressions --extra postgres --output-file requirements.lock pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras \
		--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --constraint requirements.lock \
		--output-file tests/interop/requirements.lock tests/interop/requirements.in
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-interop .venv-lock dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv-interop/ready: requirements.lock tests/interop/requirements.lock tests/interop/requirements-alone.txt pyproject.toml
	$(PYTHON) -m venv .venv-interop
	.venv-interop/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-interop/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/interop/requirements.lock
	.venv-interop/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		-r tests/interop/requirements-alone.txt
	.venv-interop/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Each target does all of its own set-up on a fresh machine: see scripts/setup.
.PHONY: demo test test-all lint bench chaos picture clean
VENV := .venv
BIN := $(VENV)/bin

demo:            ## a real training run in tmux, on a live dashboard, without a GPU
	@scripts/setup run
	@$(BIN)/fptui demo

test:            ## ruff, mypy, import-linter and the tests
	@scripts/setup dev
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint:
	@scripts/setup dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --cache-dir .import_linter_cache

test-all:        ## the tests on every supported Python that is installed
	@scripts/test-all

chaos:           ## the fault campaign of autostop: 28 nights with real runs, 300 of simulated time; a quarter of an hour
	@scripts/setup dev
	@$(BIN)/python -m tests.chaos

bench:           ## the table of speeds, measured side by side in one run
	@scripts/setup dev
	@$(BIN)/python -m benchmarks

picture:         ## the pictures in docs/, from a real demo run
	@scripts/setup dev
	@$(BIN)/python scripts/picture.py

clean:
	rm -rf $(VENV) .venv-3.* build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

PYTHON ?= python

.PHONY: install test lint types run bench clean

install:  ## the package with its tools, in the tested versions
	$(PYTHON) -m pip install -c constraints.txt -e ".[dev]"

test: lint types
	$(PYTHON) -m pytest -n logical --maxprocesses 4 --dist loadfile

lint:
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types:
	$(PYTHON) -m mypy

run:  ## one cell of the matrix, on a CPU, offline
	$(PYTHON) -m ditto.run

bench:
	$(PYTHON) -m benchmarks

clean:  ## caches and builds; results in outputs/ stay
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path "./.venv/*" -prune -exec rm -rf {} +

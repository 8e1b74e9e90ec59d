# make demo, make test, make lint: each works on a fresh clone with Python 3.11 or newer, pip and make.

SHELL := /bin/bash
VENV := .venv
CONSTRAINTS := constraints.txt
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two processes: more help only where there are cores for them. A file stays in one, so that what its tests share is made once.
JOBS ?= 2

.PHONY: demo test test-oldest lint format constraints clean help

help:
	@echo "make demo    train, judge and use a classifier on generated surfaces (a minute or two)"
	@echo "make test    run all tests (about eight minutes on two quiet cores)"
	@echo "make test-oldest   the same with the oldest libraries that pyproject.toml allows, in .env-oldest"
	@echo "make lint    check style, types and the walls between the rooms"
	@echo "make format  put the code into the one format"
	@echo "make clean   remove what these commands made, the environment included"

demo: $(STAMP)
	$(BIN)/crackscope demo -o demo

# The tests start this program hundreds of times: where no bytecode may be kept, each start compiles all of it again.
test: $(STAMP)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(PYTEST)

# Newer libraries warn of what older ones still do to them, so there warnings are no errors.
test-oldest:
	$(MAKE) test VENV=.env-oldest CONSTRAINTS=constraints-oldest.txt PYTEST="-o filterwarnings=default"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Made again when what it installs has changed. An interrupted installation leaves no stamp, so the next call mends it.
$(STAMP): pyproject.toml $(CONSTRAINTS)
	@set -e; \
	python=""; \
	for candidate in python3.11 python3 python; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: Python 3.11 or newer was not found (looked for python3.11, python3, python): install it and run make again" >&2; exit 1; \
	fi; \
	test -x $(BIN)/python || "$$python" -m venv $(VENV)
	@echo "make: installing into $(VENV), about two minutes"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" -c $(CONSTRAINTS)
	@touch $@

# Write down what is installed now, without the suffixes of local builds.
constraints: $(STAMP)
	@{ sed -n '/^#/p' constraints.txt; \
	  $(BIN)/python -m pip freeze --all --exclude-editable | grep -v "^pip==" | grep '==' | sed 's/+[A-Za-z0-9.]*$$//'; \
	} > constraints.new && mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) .env-oldest demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

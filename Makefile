# The course's commands; `make help` lists them. PYTHON chooses the interpreter that .venv is made from.
PYTHON ?= python3
IN_VENV = .venv/bin/python

# What a finished set-up stands for; noted last, so that one that was interrupted or is out of date is made again.
SETUP = { "$(PYTHON)" -VV && pwd && cat requirements.txt; }
PYTHON_TOO_OLD_OR_NEW = import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
SCRIPTS = $(wildcard notebooks/*.py notebooks/audits/*.py)

.DEFAULT_GOAL := help
.PHONY: help setup run test unit bench lab sync execute clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with the pinned packages, unless it is there and complete
	@"$(PYTHON)" -c "$(PYTHON_TOO_OLD_OR_NEW)" || { \
		echo "The course needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$("$(PYTHON)" -V 2>&1)." \
			"Choose one, for example: make run PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c "import ensurepip, venv" 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@if ! { $(SETUP) | cmp -s - .venv/complete && $(IN_VENV) -c ""; } 2>/dev/null; then \
		echo "Setting up .venv (once; TensorFlow is large, so it may take some minutes)" && \
		rm -rf .venv && \
		"$(PYTHON)" -m venv .venv && \
		$(IN_VENV) -m pip install --disable-pip-version-check --no-input -r requirements.txt && \
		$(SETUP) > .venv/complete; \
	fi

run: setup ## execute every notebook, write the copies under build/, print the table of verdicts
	@$(IN_VENV) -m helpers run

test: setup ## pass the whole suite: unit tests, then the notebooks, on as many processes as there are cores (at most 4)
	@$(IN_VENV) -m pytest -n logical --maxprocesses 4 --dist worksteal

unit: setup ## pass the unit tests only
	@$(IN_VENV) -m pytest -m "not slow"

bench: setup ## measure the compiled training loop; writes docs/benchmarks.md
	@$(IN_VENV) -m tests.benchmarks.training

lab: setup ## open JupyterLab; saving a notebook keeps its .py in step
	@$(IN_VENV) -m jupyterlab

sync: setup ## write each .py into its .ipynb; outputs of unchanged cells stay
	@$(if $(SCRIPTS),$(IN_VENV) -m jupytext --quiet --update --to ipynb $(SCRIPTS),echo "There is no notebooks/*.py yet.")

execute: sync ## sync, then execute every notebook where it lies: do this before committing
	@$(IN_VENV) -m helpers execute

clean: ## remove .venv and build/
	@rm -rf .venv build

# The course's commands; `make help` lists them. PYTHON chooses the interpreter that .venv is made from.
PYTHON ?= python3
IN_VENV = .venv/bin/python

# What a finished set-up stands for; noted last, so that one that was interrupted or is out of date is made again.
SETUP = { "$(PYTHON)" -VV && pwd && cat requirements.lock; }
PYTHON_TOO_OLD_OR_NEW = import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
SCRIPTS = $(wildcard notebooks/*.py notebooks/audits/*.py)

.DEFAULT_GOAL := help
.PHONY: help setup run test unit bench test-jax gpu book test-browser lab sync execute evidence lock versions test-colab clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

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
		$(IN_VENV) -m pip install --disable-pip-version-check --no-input --require-hashes -r requirements.lock && \
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

test-jax: setup ## pass the tests of training with JAX, and run lesson 1 with it (installs requirements-jax.txt)
	@$(IN_VENV) -m pip install --quiet --disable-pip-version-check --no-input -r requirements-jax.txt
	@$(IN_VENV) -m pytest tests/test_jax_engine.py
	@KERAS_BACKEND=jax $(IN_VENV) -m helpers run notebooks/01_overfitting.ipynb --out build/jax

gpu: setup ## on a GPU: the lessons and lesson 07's study with JAX; writes build/gpu/ (small: GPU="--runs 2 --epochs 1 --size 1500")
	@$(IN_VENV) -m pip install --quiet --disable-pip-version-check --no-input -r requirements-jax.txt
	@if command -v nvidia-smi >/dev/null; then \
		$(IN_VENV) -m pip install --quiet --disable-pip-version-check --no-input "jax[cuda13]" -r requirements-jax.txt; fi
	@KERAS_BACKEND=jax $(IN_VENV) -m tests.benchmarks.gpu $(GPU)

book: setup ## build the web book from the committed outputs into build/book; nothing is executed
	@$(IN_VENV) -m pip install --quiet --disable-pip-version-check --no-input -r docs/requirements.txt
	@$(IN_VENV) -m docs.book

test-browser: setup ## drive JupyterLab, and the book if it is built, in Chromium (installed where Debian's packages can be)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && apt-get install -q --yes chromium; \
		else echo "Install Chromium first. On Debian or Ubuntu: sudo apt install chromium" >&2; exit 1; fi; }
	@$(IN_VENV) -m pip install --quiet --disable-pip-version-check --no-input -r tests/browser/requirements.txt
	@$(IN_VENV) -m pytest tests/browser

lab: setup ## open JupyterLab; saving a notebook keeps its .py in step
	@$(IN_VENV) -m jupyterlab

sync: setup ## write each .py into its .ipynb; outputs of unchanged cells stay
	@$(if $(SCRIPTS),$(IN_VENV) -m jupytext --quiet --update --to ipynb $(SCRIPTS),echo "There is no notebooks/*.py yet.")

execute: sync ## sync, then execute every notebook where it lies: do this before committing
	@$(IN_VENV) -m helpers execute

evidence: setup ## measure again with other seeds (SEEDS=3; CLUSTER="--scheduler tcp://..."); writes docs/evidence
	@$(IN_VENV) -m helpers evidence --seeds $(or $(SEEDS),3) $(CLUSTER)
	@mkdir -p docs/evidence && cp build/evidence/README.md build/evidence/agreement.csv docs/evidence/

lock: ## write requirements.lock: all that requirements.txt needs, with hashes, for every Python and platform
	@"$(PYTHON)" -m venv build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" requirements.txt --output-file requirements.lock

versions: setup ## pass the suite on each Python that is found, with the oldest and the newest packages (long; NAMES=oldest)
	@$(IN_VENV) -m tests.versions $(NAMES)

test-colab: setup ## run lesson 1 as on Colab: alone in a folder, with the oldest packages, on Python 3.12
	@$(IN_VENV) -m tests.colab

clean: ## remove .venv and build/
	@rm -rf .venv build

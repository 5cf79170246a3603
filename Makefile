# The course's commands; `make help` lists them. PYTHON chooses the interpreter that the environments are made from.
PYTHON ?= python3

# Each purpose has an environment of its own; tools/environment.py makes it from its lock, unless it is there and complete.
ENVIRONMENT = "$(PYTHON)" tools/environment.py
IN_VENV = .venv/bin/python
IN_JAX = build/venv/jax/bin/python
IN_LINT = build/venv/lint/bin
SCRIPTS = $(wildcard notebooks/*.py notebooks/audits/*.py)

.DEFAULT_GOAL := help
.PHONY: help setup setup-jax setup-lint run test unit lint hooks bench test-jax run-jax teaching test-teaching gpu book test-browser lab sync execute \
	evidence calibrate lock versions last-green clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with the pinned packages, unless it is there and complete
	@$(ENVIRONMENT) course

setup-jax:
	@$(ENVIRONMENT) jax

setup-lint:
	@$(ENVIRONMENT) lint

run: setup ## execute every notebook, write the copies under build/, print the table of verdicts
	@$(IN_VENV) -m helpers run

test: setup ## pass the whole suite: unit tests, then the notebooks, on as many processes as there are cores (at most 4)
	@$(IN_VENV) -m pytest -n logical --maxprocesses 4 --dist worksteal --durations 25 --durations-min 10

unit: setup ## pass the unit tests only
	@$(IN_VENV) -m pytest -m "not slow"

lint: setup setup-lint ## check the form of the code, its names, its types and which package imports which
	@$(IN_LINT)/ruff format --check
	@$(IN_LINT)/ruff check
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(IN_LINT)/pyright
	@.venv/bin/lint-imports --no-cache

hooks: setup setup-lint ## have git check each commit as `make lint` does
	@$(IN_LINT)/pre-commit install

bench: setup-jax ## measure the compiled training loop; writes docs/benchmarks.md
	@$(IN_JAX) -m benchmarks.training

test-jax: setup-jax ## pass the tests of training with JAX, and run lesson 1 with it
	@$(IN_JAX) -m pytest tests/training/test_jax_engine.py tests/nets/test_gradients.py tests/test_without_tensorflow.py
	@KERAS_BACKEND=jax $(IN_JAX) -m helpers run notebooks/01_overfitting.ipynb --out build/jax

run-jax: setup-jax ## execute every notebook with JAX, write the copies under build/jax
	@KERAS_BACKEND=jax $(IN_JAX) -m helpers run --out build/jax

teaching: ## make build/venv/teaching: the course with nbgrader, and with genanki for review cards
	@$(ENVIRONMENT) teaching

test-teaching: teaching ## read what is written for nbgrader and Anki with these programs
	@build/venv/teaching/bin/python -m pytest tests/course/test_assignments.py tests/course/test_cards.py

gpu: NAME = $(if $(shell command -v nvidia-smi),gpu,jax)
gpu: ## on a GPU: the lessons and lesson 07's study with JAX; writes build/gpu/ (small: GPU="--runs 2 --epochs 1 --size 1500")
	@$(ENVIRONMENT) $(NAME)
	@KERAS_BACKEND=jax build/venv/$(NAME)/bin/python -m benchmarks.gpu $(GPU)

book: ## build the web book from the committed outputs and evidence/ into build/book; nothing is executed
	@$(ENVIRONMENT) docs
	@build/venv/docs/bin/python -m docs.book

test-browser: ## drive JupyterLab, and the book if it is built, in Chromium (installed where Debian's packages can be)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && apt-get install -q --yes chromium; \
		else echo "Install Chromium first. On Debian or Ubuntu: sudo apt install chromium" >&2; exit 1; fi; }
	@$(ENVIRONMENT) browser
	@build/venv/browser/bin/python -m pytest tests/browser

# With JupyterLab's questions about news and updates answered: the course pins its version. LAB has further options.
lab: export JUPYTER_CONFIG_PATH := $(CURDIR)/notebooks/.jupyter$(if $(JUPYTER_CONFIG_PATH),:$(JUPYTER_CONFIG_PATH))
lab: setup ## open your own copy of the course, work/, in JupyterLab (contributors edit the pairs in notebooks/)
	@$(IN_VENV) -m helpers begin
	@$(IN_VENV) -m jupyterlab --LabApp.default_url=/lab/tree/work/00_start.ipynb $(LAB)

sync: setup ## make the .py and .ipynb of each pair equal, by the one that was saved last; outputs of unchanged cells stay
	@$(if $(SCRIPTS),$(IN_VENV) -m jupytext --quiet --sync $(SCRIPTS),echo "There is no notebooks/*.py yet.")

execute: sync ## sync, then execute every notebook where it lies: do this before committing
	@$(IN_VENV) -m helpers execute

evidence: setup ## measure with 30 replicates, record in evidence/ (SEEDS=2: once more with other seeds; CLUSTER="--scheduler tcp://...")
	@$(IN_VENV) -m helpers evidence --changed --seeds $(or $(SEEDS),1) $(CLUSTER)

calibrate: setup ## print how often the protocol is wrong: simulated, with planted nulls, with other seeds
	@$(IN_VENV) -m helpers calibrate

lock: setup-lint ## write requirements*.txt, requirements.lock and locks/ from pyproject.toml (newest versions: LOCK=--upgrade)
	@$(IN_LINT)/python -m tools.locks $(LOCK)

versions: setup ## pass the suite on each Python that is found, with the oldest and the newest packages, and lessons on Colab's (long; NAMES=oldest)
	@$(IN_VENV) -m tools.versions $(NAMES)

last-green: setup ## note in docs/last_green.csv, which the book shows, what `make versions` found to run
	@$(IN_VENV) -m docs.book.last_green build/versions

clean: ## remove .venv and build/
	@rm -rf .venv build

UV_VERSION = 0.13.9
PYTHON    ?= python3
UV         = .tools/bin/uv
PY         = .venv/bin/python
export UV_PYTHON_DOWNLOADS = never
.DEFAULT_GOAL := help
.PHONY: help setup setup-clients demo fmt lint types imports test test-long e2e ui docs bench lock check

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .tools/uv-$(UV_VERSION) ## make .venv with everything a developer needs
	@$(UV) sync --frozen --quiet

setup-clients: .tools/uv-$(UV_VERSION) ## make a venv for each of the official clients that the tests use
	@UV_PROJECT_ENVIRONMENT=.venv-mlflow3 $(UV) sync --frozen --quiet --no-dev --no-install-project --group mlflow-3
	@UV_PROJECT_ENVIRONMENT=.venv-mlflow2 $(UV) sync --frozen --quiet --no-dev --no-install-project --group mlflow-2
	@UV_PROJECT_ENVIRONMENT=.venv-loggers $(UV) sync --frozen --quiet --no-dev --no-install-project --group loggers

.tools/uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Assay needs Python 3.11 or later: make PYTHON=python3.12 setup" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "python3 has no venv/ensurepip. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

demo: setup ## train about twenty models into a fresh server and show them; ONCE=1 ends by itself
	@UV_PROJECT_ENVIRONMENT=.venv-mlflow3 $(UV) sync --frozen --quiet --no-dev --no-install-project --group mlflow-3
	@.venv/bin/assay demo --python .venv-mlflow3/bin/python $(if $(ONCE),--once)

fmt: setup ## format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	@$(PY) ui/npm.py run --silent format

lint: setup ## check format and lint
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	@$(PY) ui/npm.py run --silent check

types: setup ## check types
	.venv/bin/mypy

imports: setup ## check which package may import which
	.venv/bin/lint-imports

test: setup setup-clients ## run everything in short form
	@$(PY) ui/npm.py run --silent test
	.venv/bin/pytest -q -n 4 tests

test-long: setup setup-clients ## the same at full length; writes docs/evidence.md
	@$(PY) ui/npm.py run --silent test
	ASSAY_TEST_LENGTH=long .venv/bin/pytest -q -n 3 tests

e2e: setup setup-clients ## run only the flows of the official clients
	.venv/bin/pytest -q tests/e2e

ui: .tools/uv-$(UV_VERSION) ## build the browser UI anew if its sources changed
	@$(UV) sync --frozen --quiet --reinstall-package assay-ml

docs: setup ## write the generated reference pages, and the UI's types of the API
	$(PY) docs/generate.py
	@$(PY) ui/npm.py run --silent types

bench: setup setup-clients ## measure beside the peers; writes benchmarks/RESULTS.md
	$(PY) benchmarks/run.py

lock: .tools/uv-$(UV_VERSION) ## resolve the dependencies anew
	env -u UV_DEFAULT_INDEX -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS $(UV) lock --no-config --default-index https://pypi.org/simple

check: lint types imports test ## what CI runs

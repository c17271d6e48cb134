# Everything a user or contributor does: `make up`, `make test`. Needs Python 3.11+, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: up test test-services test-long check format api-types bench clean lock

up: $(VENV)/.runtime
	$(BIN)/tailrace up

# The lock files name exact versions with hashes; the project itself is built from this checkout,
# which also builds the web app.
$(VENV)/.runtime: requirements/runtime.lock pyproject.toml hatch_build.py $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements/runtime.lock
	$(PIP) install --quiet --no-deps --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.lock
	$(PIP) install --quiet --require-hashes -r requirements/dev.lock
	touch $@

# Three parts beside each other: most of their time is waiting for servers and browsers to start.
test: $(VENV)/.dev
	@PYTHON=$(BIN)/python tests/run_parts
	@echo "Left out: the long suite (make test-long) and the suite against servers from other registries (make test-services)."

test-services: $(VENV)/.dev
	$(BIN)/python -m pytest -m services

test-long: $(VENV)/.dev
	$(BIN)/python -m pytest -m long

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The web app's types of the API, from the OpenAPI description; a test tells when they are old.
api-types: $(VENV)/.dev
	$(BIN)/python web/dev/api_types.py

bench: $(VENV)/.dev
	$(BIN)/python -m bench

lock: $(VENV)/.dev
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --allow-unsafe -o requirements/runtime.lock pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --allow-unsafe --extra dev -o requirements/dev.lock pyproject.toml

clean:
	rm -rf $(VENV) dist web/node_modules web/dist src/tailrace/app/static src/tailrace/collect/static .mypy_cache .ruff_cache .pytest_cache .hypothesis

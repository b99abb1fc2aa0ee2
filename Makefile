# Two commands matter: `make demo` and `make test`. Both make their own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CT ?=

.PHONY: help env demo test check accuracy faults openapi clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

# Pinned by constraints.txt, so that a fresh machine gets what was tested.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[inference,service,postgres,embedded,dev]'
	touch $@

env: $(VENV)/.ready ## the virtual environment, in .venv

demo: env ## contour a CT through the service; CT=<folder or zip> for your own series
	$(BIN)/pedcontour demo $(if $(CT),"$(CT)") --out demo-out

test: env ## every test
	$(BIN)/python -m pytest

check: env ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

accuracy: env ## held-out figures of the shipped model; writes benchmarks/results/accuracy.json
	$(BIN)/python -m benchmarks.accuracy

faults: env ## jobs lost and doubled per fault, hours; writes benchmarks/results/faults.json
	$(BIN)/python -m benchmarks.faults

openapi: env ## export the API's contract to openapi/
	$(BIN)/python -m service.gateway.export_openapi

clean: ## remove what make made
	rm -rf $(VENV) demo-out build *.egg-info

# Two commands matter: `make demo` and `make test`. Both make their own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CT ?=

.PHONY: help env demo test check accuracy kidneys bench growth attacks fuzz api-fuzz tenants load faults openapi secrets compose-check clean federation-demo federation-faults federation-cost
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

# Pinned by constraints.txt, so that a fresh machine gets what was tested.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[inference,service,embedded,postgres,objectstore,federation,dev]'
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

ROW ?=
bench: env ## times and memory against others, or one row: ROW=rtstruct; writes benchmarks/results/bench.json
	$(BIN)/python -m benchmarks.bench $(addprefix --row ,$(ROW))

growth: env ## time and memory against volume, organs and workers; results/growth.json, docs/images/growth.png
	$(BIN)/python -m benchmarks.growth

ROWS ?= $(HOME)/.cache/pedcontour/kidney-rows
kidneys: env ## the absence filter on 400 held-out phantoms and two other distributions, hours; results/kidneys.json
	$(BIN)/python -m benchmarks.kidneys --rows $(ROWS)

secrets: ## random secrets for docker-compose.yml, in secrets/
	sh deploy/make-secrets.sh

compose-check: env ## the containers for real: jobs sent, each container restarted, all taken down and up, nothing lost
	$(BIN)/python -m deploy.compose_check

attacks: env ## every attack on the intake through the real service; writes benchmarks/results/attacks.json
	$(BIN)/python -m benchmarks.attacks

MINUTES ?= 10
fuzz: env ## mutated files through the intake, for MINUTES=10; writes benchmarks/results/fuzz.json
	$(BIN)/python -m benchmarks.fuzz_intake --minutes $(MINUTES)

api-fuzz: env ## made-up requests to every operation, with a key and without; writes benchmarks/results/api_fuzz.json
	$(BIN)/python -m benchmarks.api_fuzz

tenants: env ## two tenants, 200 jobs at once, told apart by their results; writes benchmarks/results/tenants.json
	$(BIN)/python -m benchmarks.tenants

load: env ## 50 clients that send 300 slices each, 8 GB of disk, and how soon an idle service acts; results/load.json
	$(BIN)/python -m benchmarks.load

faults: env ## jobs lost and doubled per fault, hours; writes benchmarks/results/faults.json
	$(BIN)/python -m benchmarks.faults

federation-demo: env ## two hospitals of this machine train a tiny nnU-Net together; SITES=2, in federation-demo/
	$(BIN)/pedcontour federation simulate --sites $(or $(SITES),2) --folder federation-demo

KILLS ?= 120
federation-faults: env ## every fault between hospitals; writes benchmarks/results/federation-faults.json
	$(BIN)/python -m benchmarks.federation_faults --kills $(KILLS)

federation-cost: env ## what a round costs a site beside training, at 31 M parameters; results/federation-cost.json
	$(BIN)/python -m benchmarks.federation_cost

openapi: env ## export the API's contract to openapi/
	$(BIN)/python -m service.gateway.export_openapi

clean: ## remove what make made
	rm -rf $(VENV) demo-out federation-demo build *.egg-info

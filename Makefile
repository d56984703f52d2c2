# The two commands of the README are `make demo` and `make test`; everything they need is set up on the way.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
STEPS  ?= 1000000
SEED   ?= 1
LOG    ?=
# A file's tests run in one process, one after another; much of what they do is waiting, so three share two cores well.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-deep check format soak soak-door bench-story bench-forecast bench-edge bench-stores bench-cloud bench-dashboard grafana pictures openapi schema lock peers clean

help:            ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

demo: $(VENV)/demo-ready   ## the main job on this machine; ARGS="--once --json", "--replay FILE", "--data DIR"…
	@exec $(BIN)/thirdshift demo $(ARGS)

test: $(VENV)/dev-ready peers   ## every test; what needs a missing peer is skipped by name and reason
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not deep" $(ARGS)

test-deep: $(VENV)/dev-ready peers   ## the long versions of the property and fault tests too
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/dev-ready   ## format, lint, types, who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev-ready   ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

soak: $(VENV)/dev-ready   ## the post under faults; STEPS=… SEED=…
	$(BIN)/python -m gateway.simulator --steps $(STEPS) --seed $(SEED)

soak-door: $(VENV)/dev-ready   ## the post through the plant's door under faults; STEPS=… SEED=…
	$(BIN)/python -m gateway.simulator --door --steps $(STEPS) --seed $(SEED)

bench-story: $(VENV)/demo-ready   ## latency of each step of the story, memory and start-up time of each process
	$(BIN)/python -m gateway.demo.bench

bench-forecast: $(VENV)/demo-ready   ## how true the forecast is, and what it costs; LOG=path for another log
	$(BIN)/python -m edge.backtest.bench $(LOG)

schema: $(VENV)/dev-ready   ## write the JSON Schemas of profiles and configs anew
	$(BIN)/python -m edge.schema

bench-cloud: $(VENV)/demo-ready   ## what the registry carries beside a bare endpoint; ARGS="--machines 3000 searches bookings" for less
	$(BIN)/python -m cloud.bench $(ARGS)

bench-edge: $(VENV)/dev-ready   ## what the edge carries beside a bare client; ARGS="throughput foreign latency machines" for a part
	$(BIN)/python -m edge.bench $(ARGS)

bench-stores: $(VENV)/dev-ready   ## samples stored by one ingest worker, beside a bare COPY and a bare write; a year's chart
	$(BIN)/python -m cloud.telemetry.bench

grafana: $(VENV)/dev-ready   ## write the dashboards for Grafana anew; ARGS=--check only looks
	$(BIN)/python -m cloud.dashboard.grafana.make $(ARGS)

bench-dashboard: $(VENV)/dev-ready   ## the dashboard in a real Chromium, over a year of data; ARGS="--share 0.05 pages people" for less
	$(BIN)/python -m cloud.dashboard.bench $(ARGS)

openapi: $(VENV)/dev-ready   ## write the API's description anew
	$(BIN)/python -m cloud.app --openapi > cloud/openapi.json

pictures: $(VENV)/dev-ready peers   ## take the documents' pictures of the dashboard anew
	$(BIN)/python -m pytest -q tests/cloud/dashboard/walk/pictures.py

peers:           ## the foreign servers that tests talk to, as far as this user may install them
	@tests/peers/install

# Lock files carry hashes and no addresses; `uv` is only needed to write them.
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	for extra in edge cloud demo; do \
	  uv pip compile -q pyproject.toml --extra $$extra --generate-hashes --no-header --no-annotate \
	    --python-version 3.11 --universal -o requirements/$$extra.txt; done
	uv pip compile -q pyproject.toml --extra demo --group dev --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --universal -o requirements/dev.txt
	printf 'hatchling\neditables\n' | uv pip compile -q - --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --universal -o requirements/build.txt

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Thirdshift needs Python 3.11 or newer; this is $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-ready: requirements/demo.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "Setting up $(VENV) (once; a minute or two) …"
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/demo.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev-ready: requirements/dev.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "Setting up $(VENV) with the tools for tests (once; a minute or two) …"
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@ $(VENV)/demo-ready

clean:           ## remove what was set up and measured
	rm -rf $(VENV) bench-results tests/peers/opcua/node_modules

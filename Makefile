# Everything a person or CI calls. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# Nodes of a new test cluster; without it two, and one that is there is used as it is.
NODES ?=
# Test workers: with 2 the cluster's tests run beside all others; 0 is one after the other.
WORKERS ?= 2
CLUSTER_COMMAND := $(PYTHON) -m tests.cluster
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

.PHONY: cluster
cluster: ## Bring up the test cluster (NODES=1 for one node); prints the kubeconfig's path
	@$(CLUSTER_COMMAND) up $(if $(NODES),--nodes $(NODES))

.PHONY: clean-cluster
clean-cluster: ## Remove the test cluster and the Docker engine that was started for it; caches stay
	@$(CLUSTER_COMMAND) down

.PHONY: images
images: cluster ## Build the images and load them into the test cluster
	@$(CLUSTER_COMMAND) images

.PHONY: venv
venv: .venv/installed ## A virtual environment with the pinned dependencies

.venv/installed: requirements-dev.lock pyproject.toml
	@echo "  - installing Python packages into .venv (a minute or two, once)"
	@# Debian keeps this part of Python in a package of its own.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { apt-get -qq update && apt-get -qq --yes install python3-venv; }
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --require-hashes -r requirements-dev.lock
	@.venv/bin/pip install --quiet --no-deps -e .
	@touch $@

BIN := .venv/bin
.PHONY: lint
lint: venv ## Style, types, import layers, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy operator/scanyard tests gitops grafana
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m scanyard.api --check
	$(BIN)/python -m scanyard.api --check charts/scanyard/files/crds
	$(BIN)/python -m scanyard.api.reference --check
	$(BIN)/python -m scanyard.metrics --check
	$(BIN)/python -m scanyard.logs --check
	$(BIN)/python gitops/argocd/argocd_cm.py --check
	$(BIN)/python -m grafana --check

.PHONY: crds
crds: venv ## Write the CRDs from the models, for the repository and for the chart, and their page
	$(BIN)/python -m scanyard.api
	$(BIN)/python -m scanyard.api charts/scanyard/files/crds
	$(BIN)/python -m scanyard.api.reference

.PHONY: rules
rules: venv ## Write the chart's alerts as a plain file for Prometheus
	$(BIN)/python -m tests.chart.alerts

.PHONY: chart-readme
chart-readme: venv ## Write the chart's README.md from the comments in its values.yaml
	$(BIN)/python -m tests.chart.readme

# KEY names the gpg key that signs it, KEYRING the file with the secret key: docs/helm.md.
.PHONY: package
package: ## The chart as dist/scanyard-VERSION.tgz (signed: KEY="A Name" KEYRING=secring.gpg)
	@PATH="$$($(CLUSTER_COMMAND) tools):$$PATH" helm package charts/scanyard --destination dist \
	  $(if $(KEY),--sign --key "$(KEY)" $(if $(KEYRING),--keyring "$(KEYRING)"))

.PHONY: argocd-cm
argocd-cm: venv ## Write gitops/argocd/argocd-cm.yaml from the Lua scripts beside it
	$(BIN)/python gitops/argocd/argocd_cm.py

.PHONY: dashboards
dashboards: venv ## Write the chart's Grafana dashboards from grafana/
	$(BIN)/python -m grafana

.PHONY: dashboards-drawn
dashboards-drawn: images ## Draw the dashboards into docs/images, after scans of all kinds
	@$(CLUSTER_COMMAND) packages
	@$(CLUSTER_COMMAND) tools >/dev/null
	PATH="$$($(CLUSTER_COMMAND) tools):$$PATH" KUBECONFIG="$$($(CLUSTER_COMMAND) kubeconfig)" \
	  SCANYARD_DRAWN=docs/images $(BIN)/pytest -n 0 tests/e2e/observability/test_dashboards.py

# Two processes with a half each are quicker here than workers that collect everything both.
UNIT_HALF := $(addprefix tests/unit/,api chaos cli controller docs gitops logs metrics scanners)
.PHONY: unit unit-shell unit-rest
unit: venv ## Tests that need nothing but Python
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target unit-shell unit-rest

unit-shell: venv
	@$(BIN)/pytest -q $(UNIT_HALF) --hypothesis-profile=check

unit-rest: venv
	@$(BIN)/pytest -q tests/unit $(UNIT_HALF:%=--ignore=%) --hypothesis-profile=check

.PHONY: check
check: venv ## What to run before every commit: under 30 seconds
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target lint unit-shell unit-rest

.PHONY: demo
demo: venv ## Install Scanyard on the test cluster, scan known targets, check what was found
	@$(BIN)/python -m tests.demo

.PHONY: test
test: lint images ## Everything: lint, demo, unit, integration and end-to-end tests
	@$(CLUSTER_COMMAND) packages
	@$(CLUSTER_COMMAND) tools >/dev/null
	@$(CLUSTER_COMMAND) schemas >/dev/null
	$(MAKE) --no-print-directory demo
	PATH="$$($(CLUSTER_COMMAND) tools):$$PATH" KUBECONFIG="$$($(CLUSTER_COMMAND) kubeconfig)" \
	  $(BIN)/pytest tests -n $(WORKERS) --durations=15

.PHONY: bench
bench: venv ## What a ScanJob costs beside a bare Pod, on the test cluster
	$(BIN)/python -m tests.bench.overhead

.PHONY: failover
failover: venv ## From a killed leader to the next admission, with 1,000 ScanJobs, three times
	@$(CLUSTER_COMMAND) packages
	@$(CLUSTER_COMMAND) tools >/dev/null
	$(BIN)/python -m tests.bench.failover

.PHONY: bench-busy
bench-busy: venv ## One admission while 1,000, and 100,000, wait for one busy network
	@$(CLUSTER_COMMAND) packages
	$(BIN)/python -m tests.bench.busy_network

.PHONY: bench-fair
bench-fair: venv ## One admission while 1,000, and 100,000, of many namespaces wait in one queue
	@$(CLUSTER_COMMAND) packages
	$(BIN)/python -m tests.bench.fair_queue

.PHONY: chaos
chaos: venv ## Users and faults at random, then the judgement (SEED=1 RUNS=1 SCANJOBS=300 FAULTS=40 KEEP=)
	@$(CLUSTER_COMMAND) packages
	@$(CLUSTER_COMMAND) tools >/dev/null
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(RUNS),--runs $(RUNS)) \
	  $(if $(SCANJOBS),--scanjobs $(SCANJOBS)) $(if $(FAULTS),--faults $(FAULTS)) \
	  $(if $(KEEP),--keep $(KEEP))

.PHONY: test-long
test-long: venv ## The model tests with 10,000 examples each, and all crash points (SEED=)
	@$(CLUSTER_COMMAND) packages
	@$(CLUSTER_COMMAND) tools >/dev/null
	$(BIN)/pytest tests/integration/queueing tests/unit/kube/test_lease_model.py tests/crashpoints \
	  -n $(WORKERS) --hypothesis-profile=long $(if $(SEED),--hypothesis-seed=$(SEED)) \
	  --timeout=7200 --durations=5

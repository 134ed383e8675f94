# krm-fn. `make` lists what there is to do.
PYTHON ?= python3
BIN := .venv/bin
PEERS := .peers/bin
HELM_VERSION := v4.2.3
HELM3_VERSION := v3.19.5
OPA_VERSION := v1.22.2
# Istio's tags carry no v, so its releases are known to Go by commit: this one is of 1.31.
ISTIO_VERSION := v0.0.0-20260827124520-eed52ebb66ad
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup demo test check generate bench peers conformance e2e images function lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/installed ## install krm-fn and what it is developed with, into .venv
	$(if $(filter setup,$(MAKECMDGOALS)),@echo 'krmfn is in $(BIN); put it on PATH: . $(BIN)/activate')

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python must be 3.11 or later: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "Python must have venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## render a package with a Helm chart, and show what was written
	@rm -rf .demo/render-a-chart && mkdir -p .demo && cp -r examples/helm-expand/render-a-chart .demo
	@cd .demo/render-a-chart && rm -rf .expected && \
	  echo '$$ cat site-probe.yaml' && sed '/archive:/s/|.*/…/; /^ \{6\}[A-Za-z0-9+/=]*$$/d' site-probe.yaml && \
	  echo && echo '$$ krmfn render .' && krmfn render . && \
	  echo && echo '$$ cat site-probe/service_site-probe-metrics.yaml' && cat site-probe/service_*.yaml

test: setup ## unit tests, examples and laws              (args="-k helm")
	@pytest -q -n 2 -m "not (kpt or container or conformance or network)" tests $(args)

check: setup ## format, lint, types, layers, generated files
	@failed=; for tool in "ruff format --check -q ." "ruff check -q ." mypy "lint-imports --no-cache" \
	  "krmfn generate --check"; do $$tool || failed="$$failed\n  $$tool"; done; \
	  test -z "$$failed" || { printf "failed:$$failed\n" >&2; exit 1; }

generate: setup ## Dockerfiles, CRDs, tables, example charts
	@ruff format -q . && krmfn generate

bench: setup ## the table of speed and memory              (row=helm)
	@PATH="$(CURDIR)/$(PEERS):$$PATH" python benchmarks/run.py $(row)

peers: $(PEERS)/helm $(PEERS)/helm-3 $(PEERS)/kpt-beta.61 $(PEERS)/crdcheck $(PEERS)/opa $(PEERS)/istioctl $(PEERS)/istio-analyzers ## build the tools that the output is compared with (Go)

$(PEERS)/helm:
	@GOBIN=$(CURDIR)/$(PEERS)/build go install helm.sh/helm/v4/cmd/helm@$(HELM_VERSION)
	@mv $(PEERS)/build/helm $@

$(PEERS)/helm-3:
	@GOBIN=$(CURDIR)/$(PEERS)/build go install helm.sh/helm/v3/cmd/helm@$(HELM3_VERSION)
	@mv $(PEERS)/build/helm $@

$(PEERS)/opa:
	@GOBIN=$(CURDIR)/$(PEERS)/build go install github.com/open-policy-agent/opa@$(OPA_VERSION)
	@mv $(PEERS)/build/opa $@

$(PEERS)/istioctl:
	@GOBIN=$(CURDIR)/$(PEERS)/build go install istio.io/istio/istioctl/cmd/istioctl@$(ISTIO_VERSION)
	@mv $(PEERS)/build/istioctl $@

# istioctl without a cluster passes over what reads Pods and Services; this runs all its analyzers.
$(PEERS)/istio-analyzers: tests/conformance/istio_analysis/analyzers/main.go
	@mkdir -p $(PEERS) && cd tests/conformance/istio_analysis/analyzers && go build -o $(CURDIR)/$@ .

# Only kpt's `fn` commands: the rest needs modules that cannot be had. The sums are pinned in go.sum.
$(PEERS)/kpt-beta.61: tests/conformance/kpt/main.go
	@mkdir -p $(PEERS) && cd tests/conformance/kpt && GONOSUMDB=github.com/kptdev/kpt go build -o $(CURDIR)/$@ .

$(PEERS)/crdcheck: tests/conformance/crdcheck/main.go
	@mkdir -p $(PEERS) && cd tests/conformance/crdcheck && go build -o $(CURDIR)/$@ .

conformance: setup ## let Helm, kpt and others judge what we make
	@PATH="$(CURDIR)/$(PEERS):$$PATH" pytest -q -m conformance tests $(args)

images: setup ## build the functions' images with podman or docker   (name=helm-expand)
	@python tests/e2e/images/build.py $(name)

e2e: setup ## conformance, and the examples through real kpt and real containers
	@PATH="$(CURDIR)/$(PEERS):$$PATH" pytest -q -m "kpt or container or conformance or network" tests $(args)

function: setup ## start a new function                       (name=set-owner)
	@krmfn new $(name)

lock: ## pin what is installed, with hashes
	@uv pip compile -q --universal --python-version 3.11 --all-extras --group dev --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate -o requirements.lock pyproject.toml

clean: ## remove what was built
	@rm -rf .venv .peers .demo dist .hypothesis .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .coverage

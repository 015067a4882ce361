# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Needs Linux, Python 3.11 with venv, make, git and a package index that pip can reach.
# No root, no Galaxy server. `make help` lists the targets.

PYTHON ?= python3.11
PYTHON312 ?= python3.12
SCENARIO ?= update_media
WORKERS ?= 2

comma := ,
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# Two collection paths. DEVELOP links to the checkout: what runs from there is what stands in the editor.
# LAYOUT holds a copy, because ansible-test refuses links; the tools that judge the collection run there.
DEVELOP := $(CURDIR)/.cache/collections
LAYOUT := $(CURDIR)/build/layout
COLLECTION := $(LAYOUT)/ansible_collections/sfb/server

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(DEVELOP)
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The lab listens on 127.0.1.x, which the usual exceptions from a proxy do not name.
export NO_PROXY := 127.0.0.0/8,localhost$(addprefix $(comma),$(or $(NO_PROXY),$(no_proxy)))
export no_proxy := $(NO_PROXY)
# molecule and ansible-lint paint even what goes to a file.
ifeq ($(MAKE_TERMOUT),)
export NO_COLOR := 1
export ANSIBLE_NOCOLOR := 1
endif

say = @echo "==> $@: $(1)"
pip_install = python -m pip install -qq -c requirements/constraints.txt

# ---------------------------------------------------------------- the environment

.PHONY: help
help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: venv
venv: .venv/checks.stamp  ## .venv with ansible-core and everything that the checks need

.venv/run.stamp: requirements/run.txt requirements/constraints.txt
	@echo "==> venv: ansible-core and pywinrm into .venv"
	@$(PYTHON) -c 'import venv, sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or newer with the venv module is needed; name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(pip_install) -r requirements/run.txt
	@touch $@

.venv/checks.stamp: .venv/run.stamp requirements/checks.txt
	@echo "==> venv: the checkers into .venv"
	@$(pip_install) -r requirements/checks.txt
	@touch $@

.PHONY: deps
deps: .cache/collections/deps.stamp  ## the collection ansible.windows, out of a wheel from the package index

.cache/collections/deps.stamp: .venv/run.stamp requirements/collections.txt tools/dependencies.py
	@echo "==> deps: ansible.windows into .cache/collections"
	@python tools/dependencies.py requirements/collections.txt $(DEVELOP) ansible.windows
	@mkdir -p $(DEVELOP)/ansible_collections/sfb
	@ln -sfn ../../../.. $(DEVELOP)/ansible_collections/sfb/server
	@touch $@

.PHONY: layout
layout: deps  ## the copy of the checkout in build/layout that ansible-test, ansible-lint and ansible-galaxy read
ifndef LAYOUT_IS_FRESH
	@python tools/layout.py $(CURDIR) $(COLLECTION)
	@ln -sfn $(DEVELOP)/ansible_collections/ansible $(LAYOUT)/ansible_collections/ansible
endif

# ---------------------------------------------------------------- the product

DEMOS := demo-backend demo-standard demo-lync

.PHONY: demo $(DEMOS)
demo: .venv/run.stamp deps  ## patch a simulated pool and its databases, and show what an administrator would see
	@python tools/demo.py $@

demo-backend:  ## the same for a back end server
demo-standard:  ## the same for Standard Edition servers
demo-lync:  ## the same for a pool of Lync Server 2013
$(DEMOS): .venv/run.stamp deps
	@python tools/demo.py $@

# ---------------------------------------------------------------- tests

.PHONY: test
test: venv layout  ## everything that the continuous integration runs; stops at the first failure
	@$(MAKE) -j2 -Oline $(GATES) LAYOUT_IS_FRESH=yes
	@$(MAKE) integration
	@$(MAKE) reliability
	@$(MAKE) molecule-one
	@echo "gates: $(words $(GATES) integration reliability molecule-one) passed, 0 failed"

# Each holds one core at most and writes to a folder of its own, so two run at a time. sanity is the long one (pylint).
GATES := format-check lint types sanity unit changelog-lint docs-lint ansible-lint build-and-install

.PHONY: format
format: venv  ## rewrite the Python files in the one format
	@ruff format .
	@ruff check --fix-only --quiet .

.PHONY: format-check
format-check: venv
	$(call say,are the Python files in the one format? (make format))
	@ruff format --check --quiet .

.PHONY: lint
lint: venv  ## ruff and yamllint
	$(call say,ruff and yamllint)
	@ruff check --quiet .
	@yamllint --strict .

.PHONY: types
types: venv deps  ## mypy, strict, on the plugins, the lab and the tools
	$(call say,mypy --strict)
	@mypy --no-error-summary -p ansible_collections.sfb.server.plugins -p sfb_lab
	@mypy --no-error-summary extensions/lab/__main__.py tools

.PHONY: unit
unit: venv deps  ## unit tests, on the checkout itself
	$(call say,unit tests)
	@pytest tests/unit

.PHONY: integration
integration: venv deps  ## integration tests on the lab, WORKERS at a time; of cases that differ little some
	$(call say,integration tests on the lab)
	@pytest tests/integration -n $(WORKERS) -m "not exhaustive"

.PHONY: reliability
reliability: venv deps  ## kills, lost connections and two runs at once: some of each
	$(call say,reliability tests on the lab)
	@pytest tests/reliability -n $(WORKERS) -m "not exhaustive"

.PHONY: exhaustive
exhaustive: venv deps  ## every integration and reliability test: every case, every moment; takes hours
	$(call say,every test on the lab)
	@pytest tests/integration tests/reliability -n $(WORKERS)

.PHONY: powershell
powershell: venv deps  ## the PowerShell script in a real PowerShell (skipped where there is none)
	$(call say,the management shell in a real PowerShell)
	@pytest tests/powershell -rs

.PHONY: sanity
sanity: venv layout  ## ansible-test sanity
	$(call say,ansible-test sanity)
	@python tools/run_ansible_test.py $(CURDIR)/.cache/ansible-test $(COLLECTION) sanity

.PHONY: ansible-lint
ansible-lint: venv layout  ## ansible-lint, profile production
	$(call say,ansible-lint)
	@cd $(COLLECTION) && ANSIBLE_COLLECTIONS_PATH=$(LAYOUT) ansible-lint -q

.PHONY: docs-lint
docs-lint: venv layout  ## the documentation of plugins, roles and guides
	$(call say,antsibull-docs)
	@cd $(COLLECTION) && ANSIBLE_COLLECTIONS_PATH=$(LAYOUT) antsibull-docs lint-collection-docs \
	    --plugin-docs --check-extra-docs-refs --validate-collection-refs=all --disallow-unknown-collection-refs .

.PHONY: changelog-lint
changelog-lint: venv layout
	$(call say,antsibull-changelog)
	@cd $(COLLECTION) && ANSIBLE_COLLECTIONS_PATH=$(LAYOUT) antsibull-changelog lint

.PHONY: build-and-install
build-and-install: venv layout  ## build the collection, install it offline, ask for its content by name
	$(call say,ansible-galaxy build and offline install)
	@python tools/build_and_install.py $(COLLECTION) $(DEVELOP)/ansible_collections/ansible/windows $(CURDIR)/build/install

.PHONY: molecule
molecule: venv deps  ## every molecule scenario
	$(call say,all molecule scenarios)
	@molecule test --all --report

.PHONY: molecule-one
molecule-one: venv deps  ## one molecule scenario (SCENARIO=name)
	$(call say,molecule scenario $(SCENARIO))
	@molecule test --scenario-name $(SCENARIO)

# ---------------------------------------------------------------- other versions of ansible-core

CORES := 2.16.19 2.18.19 2.19.14 2.21.5

.PHONY: matrix
matrix: $(CORES:%=matrix-%)  ## unit and integration tests on every supported ansible-core
	@echo "matrix: done ($(CORES))"

# ansible-core 2.20 and newer want Python 3.12. A python3.12 on the path may be a stand-in that does not run.
python_of = $(if $(filter 2.1%,$(1)),$(PYTHON),$(PYTHON312))

.PHONY: $(CORES:%=matrix-%)
$(CORES:%=matrix-%): matrix-%: deps
	@if ! $(call python_of,$*) -c '' 2>/dev/null; then \
	    echo "==> $@: SKIPPED, $(call python_of,$*) is not here (make PYTHON312=...)"; exit 0; fi; \
	$(MAKE) .cache/matrix/$*/stamp && \
	echo "==> $@: unit and integration tests on ansible-core $*" && \
	export PATH=$(CURDIR)/.cache/matrix/$*/bin:$$PATH && \
	pytest tests/unit && pytest tests/integration -n $(WORKERS) -m "not exhaustive"

.cache/matrix/%/stamp: requirements/run.txt requirements/matrix.txt
	@echo "==> matrix: ansible-core $* into .cache/matrix/$*"
	@$(call python_of,$*) -m venv .cache/matrix/$*
	@.cache/matrix/$*/bin/python -m pip install -qq ansible-core==$* -r requirements/matrix.txt
	@touch $@

# ---------------------------------------------------------------- the rest

.PHONY: changelog
changelog: venv deps  ## write CHANGELOG.md from the fragments and the documentation of new plugins
	@cd $(DEVELOP)/ansible_collections/sfb/server && antsibull-changelog release --update-existing --reload-plugins

.PHONY: clean
clean:  ## remove what the targets built, keep the environments
	@rm -rf build .ansible .cache/mypy .pytest_cache .ruff_cache tests/output

.PHONY: clean-all
clean-all: clean  ## remove the environments too
	@rm -rf .cache .venv

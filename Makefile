# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# What a developer and CI call. Every target sets up what it needs below .build, once.

PYTHON ?= python3
HOSTS ?= 3
WORKERS ?= 2
VENV := .build/venv/bin
PYTEST := $(VENV)/pytest --quiet --durations=10 --durations-min=1 --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
LAB_TESTS := tests/lab/tests
COLLECTION_TESTS := tests/unit tests/integration

.DEFAULT_GOAL := help
.PHONY: help setup demo matrix test test-lab test-collection molecule unit lint sanity docs site changelog lab-up lab-down lab-status clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Set up all that the other targets need (Debian packages, virtual environments, the lab's parts)
	@$(PYTHON) tests/lab/bootstrap.py

demo: setup ## Bring up HOSTS=3 lab hosts, converge them twice, verify them, write the report; KEEP=1 leaves the lab up
	@PYTHONPATH=tests/lab $(VENV)/python tests/integration/demo.py --hosts $(HOSTS) $(if $(KEEP),--keep)

matrix: setup ## Try every ansible-core that is claimed, or CORES="2.16 2.20", with the lowest and the newest ansible.windows
	@PYTHONPATH=tests/lab $(VENV)/python tests/integration/matrix.py $(CORES)

test: lint ## Run every check and every test, WORKERS=2 files of them at a time, each with a lab of its own
	@$(PYTEST) $(LAB_TESTS) $(COLLECTION_TESTS)

test-lab: setup ## Run the tests of the lab: that it behaves as Windows and Microsoft do
	@$(PYTEST) $(LAB_TESTS)

test-collection: setup ## Run the tests of the collection, in the lab
	@$(PYTEST) $(COLLECTION_TESTS)

molecule: setup ## Run the molecule scenario: the main job on one host, converged twice
	@PATH="$(CURDIR)/$(VENV):$$PATH" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build/collections" $(VENV)/molecule test

unit: setup ## Run the unit tests
	@$(PYTEST) tests/lab/tests/unit tests/unit

lint: setup ## Run the static checks
	@$(VENV)/ruff check .
	@$(VENV)/mypy plugins tests/lab/cloudlab tests/lab/tests/integration tests/integration tests/documentation tests/payload_checks tests/sanity.py
	@PYTHONPATH=tests:tests/lab $(VENV)/python -m payload_checks
	@$(VENV)/yamllint --strict .
	@PATH="$(CURDIR)/$(VENV):$$PATH" ANSIBLE_COLLECTIONS_PATH=.build/collections $(VENV)/ansible-lint --offline -q

sanity: setup ## Run ansible-test's sanity tests with every ansible-core that is claimed, or CORES="2.16 2.20" and TESTS="import"; minutes
	@PYTHONPATH=tests/lab:tests/integration $(VENV)/python tests/sanity.py $(CORES) --tests "$(TESTS)"

docs: setup ## Write the pages and lists that are made from the code: docs/troubleshooting.md, docs/checks.md and others
	@PYTHONPATH=.build/collections $(VENV)/python tests/documentation/generate.py

site: setup ## Check the collection's documentation and build it as a web site: .build/site/html/index.html
	@PYTHONPATH=tests/lab $(VENV)/python tests/documentation/site.py site

changelog: setup ## Put the fragments of changelogs/fragments into CHANGELOG.md as the release that galaxy.yml names
	@PYTHONPATH=tests/lab $(VENV)/python tests/documentation/site.py changelog

lab-up: setup ## Bring up HOSTS=3 lab hosts
	@tests/lab/lab up --hosts $(HOSTS)

lab-down: setup ## Bring the lab down and remove its state
	@tests/lab/lab down

lab-status: setup ## Show what of the lab answers
	@tests/lab/lab status

clean: ## End every lab and every run of tests of this clone, and remove all that was built
	@PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lab $(PYTHON) -m cloudlab.ending
	@rm -rf .build .lab .lab-* .mypy_cache .pytest_cache .ruff_cache .ansible
	@find plugins tests -name __pycache__ -prune -exec rm -rf {} +

# Everything a developer or CI runs; `make help` lists it. Variables: SCENARIO, STRATEGY, AT_ONCE, TESTS, BENCH, SEED, COUNT,
# STACK, ONLY, REPEAT, MINUTES, ANSIBLE, PYTHON, LVS_LAB_CACHE.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= /usr/bin/python3
SCENARIO ?= default
# In the order in which they begin, so that the longest are not the last.
SCENARIOS := default ldirectord availability forwarding production dr static both adopt podman staging
# How many run at a time: one alone leaves a third of two cores unused.
AT_ONCE ?= 2
# Which tests of scenarios run: core, or all, with those that are marked `wide`.
TESTS ?= core
# Whose directors take three tenths of a second without each other for a failure: nothing runs beside its tests of such times,
# which are wide.
ALONE_SCENARIOS := $(if $(filter all,$(TESTS)),availability)
# Those that converge by Ansible's own strategy, which users have, default from bare hosts; mitogen takes half the time.
PLAIN_SCENARIOS := default static staging
# Those with tasks of their own are checked on bare hosts. Those with configurations of their own are run a second time.
CHECKED_SCENARIOS := default static forwarding ldirectord both
TWICE_SCENARIOS := $(CHECKED_SCENARIOS) dr availability
# Deployed by the oldest ansible-core and by the newest, of those that have a converge by Ansible's own strategy.
CONVERGED_BY_static := 2.16
CONVERGED_BY_staging := 2.21
STRATEGY ?= mitogen
# The mutants that are made, and the faults of soak: the same seed chooses the same ones. soak without one takes a new one.
SEED ?= $(if $(filter soak,$(MAKECMDGOALS)),,1)
COUNT ?= 100
# The faults that are caused: with which stack, which (name,name; all without), how often each, and soak's time.
STACK ?= keepalived
ONLY ?=
REPEAT ?= 1
# Of ansible-core: for scenarios and the lab the version that runs in place of .venv's, for matrix all without.
ANSIBLE ?=
MINUTES ?= 15

export LVS_TESTS := $(TESTS)
export LVS_LAB_CACHE ?= $(HOME)/.cache/lvs-cluster
# Only the tools of .venv and the system's: shims of a Python version manager mislead Ansible and ansible-test.
# With ANSIBLE=2.16 scenarios and the lab run another ansible-core: its commands come first.
export PATH := $(if $(ANSIBLE),$(CURDIR)/build/matrix/bin-$(ANSIBLE):)$(CURDIR)/.venv/bin:/usr/sbin:/usr/bin:/sbin:/bin
export ANSIBLE_HOME := $(CURDIR)/.ansible
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.ansible/collections

LAB_TOOLS := .venv/.lab
ALL_TOOLS := .venv/.complete
LINK := .ansible/collections/ansible_collections/lvs/cluster
# mitogen checks host keys by Ansible's setting alone, not by the inventory's options for ssh.
MITOGEN = ANSIBLE_HOST_KEY_CHECKING=False ANSIBLE_DEPRECATION_WARNINGS=False ANSIBLE_STRATEGY=mitogen_linear ANSIBLE_STRATEGY_PLUGINS=$$(echo $(CURDIR)/.venv/lib/python3*/site-packages/ansible_mitogen/plugins/strategy)
# Expands to the strategy's variables before a command, or to nothing. .venv's mitogen is for .venv's Ansible and Python.
WITH_STRATEGY = $(if $(ANSIBLE),,$(if $(filter mitogen,$(STRATEGY)),$(MITOGEN)))
PLAYBOOK = $(WITH_STRATEGY) ansible-playbook -i inventories/lab
PHASES := tests/tools/phases

##@ Setting up
.PHONY: help deps venv venv-lab
help: ## this list
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

deps: ## install the system packages of bindep.txt that are missing (Debian, root)
	@tests/tools/install-packages bindep.txt

venv: $(ALL_TOOLS) $(LINK) $(ANSIBLE:%=build/matrix/bin-%) ## .venv with all tools, and the link that lets Ansible find lvs.cluster in this checkout

# What the lab needs is there in a third of the time that everything takes.
venv-lab: $(LAB_TOOLS) $(LINK) $(ANSIBLE:%=build/matrix/bin-%)

build/matrix/bin-%: | $(LAB_TOOLS) $(LINK)
	@.venv/bin/python tests/matrix bin $*

$(LAB_TOOLS): requirements.txt requirements-lab.txt
	@echo "Ansible into .venv (about 15 seconds)"
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r requirements-lab.txt
	touch $@

$(ALL_TOOLS): $(LAB_TOOLS) requirements-dev.txt
	@echo "The tools of development into .venv (about 40 seconds)"
	.venv/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(LINK):
	mkdir -p $(dir $@)
	ln -sfn ../../../.. $@

##@ The lab
.PHONY: lab lab-up lab-serve lab-site lab-verify lab-destroy
lab: ## from nothing to a served VIP: packages, lab, site.yml, verify.yml; leaves it running
	@$(PHASES) deps venv-lab lab-up lab-serve

lab-up: venv-lab ## start the lab's nodes
	@python3 molecule/lab up -i inventories/lab

# In one run, so that the connections to the nodes are made once.
lab-serve: venv-lab
	@$(PLAYBOOK) playbooks/site.yml playbooks/verify.yml

lab-site: venv-lab ## deploy the cluster of inventories/lab
	@$(PLAYBOOK) playbooks/site.yml

lab-verify: venv-lab ## prove that it serves
	@$(PLAYBOOK) playbooks/verify.yml

lab-destroy: ## take the lab down, leaving nothing but cached images
	@python3 molecule/lab destroy -i inventories/lab

##@ Checks
.PHONY: lint format unit matrix matrix-quick mutants sanity build readmes docs docs-lint molecule scenarios images faults soak bench bench-forwarding test clean
lint: venv ## ansible-lint, yamllint, ruff, mypy, shellcheck
	@ansible-lint --strict --offline --nocolor
	@yamllint --strict .
	@ruff check . && ruff format --check .
	@mypy
	@git grep -lzE '^#!.*sh( -.*)?$$' | xargs -0 -r shellcheck

format: venv ## let ruff format the Python files and mend what it can
	@ruff check --fix . ; ruff format .

unit: venv ## pytest
	@pytest tests/unit -n 2

matrix: venv ## all unit tests, playbooks without hosts and more, with ansible-core 2.16 to 2.21 (ANSIBLE="2.16 2.21")
	@.venv/bin/python tests/matrix full $(ANSIBLE)

# What of it CI has the time for.
matrix-quick: venv
	@.venv/bin/python tests/matrix quick

mutants: venv ## how many of 100 small mistakes in the code the unit tests notice (SEED, COUNT), in a copy
	@python tests/tools/mutate.py --seed $(SEED) --count $(COUNT)

sanity: venv ## ansible-test sanity, in a copy (it refuses a linked collection)
	@tests/sanity/run

build: venv ## the collection's tarball, its import check, and an install of it in an empty folder
	@tests/tools/check-build

readmes: venv ## write the roles' README.md and the reference from argument_specs, keepalived's keywords, and the table of faults
	@python tests/tools/role_readmes.py
	@python tests/tools/reference.py
	@python tests/tools/keepalived_keywords.py
	@python molecule/faults page

docs: venv ## HTML documentation in build/docs
	@tests/tools/build-docs

docs-lint: venv ## check documentation and changelog fragments
	@antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
	@antsibull-changelog lint && antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml
	@python tests/tools/role_readmes.py --check
	@python tests/tools/reference.py --check
	@python tests/tools/keepalived_keywords.py --check
	@python molecule/faults page --check

molecule: venv $(if $(ANSIBLE),,$(CONVERGED_BY_$(SCENARIO):%=build/matrix/bin-%)) ## one scenario, whole: make molecule SCENARIO=name
	@tests/tools/scenario $(SCENARIO) $(if $(filter $(PLAIN_SCENARIOS),$(SCENARIO)),plain,mitogen) \
		$(if $(ANSIBLE),all-plain,$(CONVERGED_BY_$(SCENARIO):%=by-%)) \
		$(if $(filter $(CHECKED_SCENARIOS),$(SCENARIO)),check) \
		$(if $(filter $(TWICE_SCENARIOS),$(SCENARIO)),idempotence)

molecule-%: venv
	@$(MAKE) molecule SCENARIO=$*

images: venv ## build what nodes of all scenarios are made of
	@python3 molecule/lab build -i inventories/lab $(patsubst %,-i molecule/%/inventory,$(filter-out default,$(SCENARIOS)))

scenarios: images $(patsubst %,build/matrix/bin-%,$(if $(ANSIBLE),,$(CONVERGED_BY_static) $(CONVERGED_BY_staging))) ## all scenarios, AT_ONCE at a time
	@python tests/tools/scenarios.py --at-once $(AT_ONCE) $(ALONE_SCENARIOS:%=--alone %) $(SCENARIOS)

# In the lab's place, as bench-forwarding.
faults: venv ## cause faults under load and write docs/availability_faults (STACK, ONLY=name,name, REPEAT)
	@$(WITH_STRATEGY) tests/tools/faults $(STACK) run --only "$(ONLY)" --repeat $(REPEAT)

soak: venv ## random faults in a row by a seed, and what must hold all along (SEED, MINUTES, STACK)
	@$(WITH_STRATEGY) tests/tools/faults $(STACK) soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

bench: venv ## the figures of docs/benchmarks
	@python tests/bench $(BENCH)

bench-forwarding: venv ## bench's figures of the forwarding methods, on nodes of their own (in the lab's place)
	@python3 molecule/lab up --fresh -i molecule/forwarding/inventory
	@$(WITH_STRATEGY) ansible-playbook -i molecule/forwarding/inventory molecule/forwarding/routes.yml playbooks/site.yml
	@python tests/bench forwarding
	@python3 molecule/lab destroy

test: ## all checks and all scenarios, whole; what CI runs
	@$(PHASES) deps venv images+sanity+lint+build+docs+matrix-quick+docs-lint unit scenarios

clean: ## remove what was built; the lab and its cached images stay
	rm -rf build .ansible .venv

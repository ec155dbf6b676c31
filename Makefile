# morphoflow: `make demo` shows it working, `make test` proves it. Both may be run again at no cost.

PYTHON ?= python3
CORES ?= all
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Which build of torch: that which is installed, else one for GPUs where there is one.
INSTALLED := $(patsubst $(VENV)/torch-%,%,$(wildcard $(VENV)/torch-*))
GPU := $(wildcard /dev/nvidia0)$(shell nvidia-smi -L 2> /dev/null)
TORCH ?= $(or $(INSTALLED),$(if $(GPU),cuda,cpu))
SIZE_cpu := 2.5
SIZE_cuda := 6
CAMPAIGN := PYTHONPATH=scripts:tests/support python tests/campaigns
# Figures are drawn without a screen.
export MPLBACKEND := agg

.DEFAULT_GOAL := help
.PHONY: help demo demo-all lab test test-slurm gpu-check verify campaigns damage kills nulls fuzz format reference lock clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/workflow.done ## Install, then run the demo from raw data to figures and report
	@echo "Running the demo: neurons, cells, organelles and dendrites, from raw files to a report."
	@echo "It takes about twelve minutes on 2 cores; a second call only makes what is missing."
	@snakemake --profile profiles/laptop --cores $(CORES) $(RUNS) -- demo || { \
	    echo "The demo stopped. Mend what is named above and give the same command again."; exit 1; }
	@echo
	@echo "Done. Look at:"
	@echo "  results/report/index.html                  everything in one page: open it in a browser"
	@echo "  results/real_neurons/figures/              the neurons that went in"
	@echo "  results/osteosarcoma/figures/              cells, and how models of them compare"
	@echo "  results/phantom/figures/                   organelles of a generated EM volume"
	@echo "  results/class_iv/figures/                  simulated dendrites; images that a flow made lie below flow"
	@echo "  results/toy_neurons/figures/scores.png     how the models compare"

demo-all: RUNS := --config runs=config/all_models.tsv
demo-all: demo ## The demo with more models, each beside its untrained twin: half an hour on 2 cores

lab: $(VENV)/workflow.done ## Make a folder for your own data and results: make lab DIR=FOLDER
	@[ -n "$$DIR" ] || { echo "Say which folder: make lab DIR=FOLDER"; exit 1; }
	@cd "$(PWD)" && PYTHONPATH="$(CURDIR)/scripts" "$(CURDIR)/$(VENV)/bin/python" -m morphoflow.lab --folder "$$DIR"

test: $(VENV)/test.done ## Install, then run all tests
	@echo "Running all tests; this takes some minutes."
	@ruff check . && ruff format --check . && snakefmt --check --compact-diff Snakefile rules
	@mypy
	@python -m pytest --numprocesses 2 --dist loadfile $(TESTS) || { \
	    echo; echo "Tests failed: the lines that start with FAILED name them. To repeat one:"; \
	    echo "  make test TESTS='tests/FOLDER/FILE.py -k NAME'"; exit 1; }

test-slurm: $(VENV)/test.done ## Test on a real SLURM, whose packages it installs (Debian, as root)
	@MORPHOFLOW_SLURM=yes python -m pytest tests/workflow/test_slurm.py

verify: $(VENV)/workflow.done ## Say which results are damaged, or were made of what is another now
	@PYTHONPATH=scripts python -m morphoflow.verify results

campaigns: $(VENV)/test.done ## Damage files and results, kill workflows, simulate nulls: hours (also one by one)
	@for each in damage kills nulls fuzz; do $(MAKE) --no-print-directory $$each || exit 1; done

damage: $(VENV)/test.done ## Damage every kind of result in every way, and count what goes unnoticed
	@$(CAMPAIGN)/damage.py

kills: $(VENV)/test.done ## Kill small workflows at 200 moments, and compare how they end
	@$(CAMPAIGN)/kills.py --kills 100
	@$(CAMPAIGN)/kills.py --kills 60 --workflow dendrites
	@$(CAMPAIGN)/kills.py --kills 40 --workflow all

nulls: $(VENV)/test.done ## Count what is significant where there is nothing to find
	@$(CAMPAIGN)/nulls.py

fuzz: $(VENV)/test.done ## Read 100,000 damaged files of all formats
	@$(CAMPAIGN)/fuzz.py --cases 100000 --workers 2

gpu-check: $(VENV)/test.done ## Try every model on this machine's GPUs, and write a table to send back
	@PYTHONPATH=scripts:tests/support python resources/benchmarks/gpu_check.py

format: $(VENV)/test.done ## Format all code
	@ruff check --fix . && ruff format . && snakefmt Snakefile rules

reference: $(VENV)/workflow.done ## Write the pages of config anew from the schemas
	@PYTHONPATH=scripts python -m morphoflow.reference

lock: ## Resolve the version ranges of pyproject.toml to the exact pins in envs/
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install --quiet uv
	@envs/lock $(CURDIR)/$(VENV)-lock/bin/uv
	@rm -rf $(VENV)-lock

clean: ## Remove the installation (not the results)
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	    echo "morphoflow needs Python 3.11, 3.12 or 3.13, but '$(PYTHON)' is not one of them."; \
	    echo "Install one and say: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/torch-$(TORCH): | $(VENV)/bin/python
	@case $(TORCH) in cpu|cuda) ;; *) \
	    echo "TORCH is '$(TORCH)', but must be cpu or cuda."; exit 1;; esac
	@[ -z "$(INSTALLED)" ] || { \
	    echo "$(VENV) holds torch for '$(INSTALLED)', not for '$(TORCH)'. To change it, say:"; \
	    echo "  make clean && make $(MAKECMDGOALS) TORCH=$(TORCH)"; exit 1; }
	@touch $@

$(VENV)/%.done: envs/%.lock envs/torch.txt | $(VENV)/torch-$(TORCH)
	@echo "Installing the packages pinned in $<, with torch for TORCH=$(TORCH), into $(VENV)."
	@echo "The first time takes some minutes and $(SIZE_$(TORCH)) GB of disk."
	@envs/install $(VENV)/bin/python $< $(TORCH) || { \
	    echo "A package named above could not be installed. Check the internet connection and call"; \
	    echo "'make $(MAKECMDGOALS)' again; 'make clean' starts over."; exit 1; }
	@touch $@

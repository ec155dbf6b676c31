import os

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.20")

HERE = workflow.current_basedir.get_path_or_uri(secret_free=True)
if not os.path.isdir(HERE):
    raise WorkflowError(
        f"morphoflow cannot run from {HERE}: Snakemake fetches single files from there, and this "
        "workflow has a library. Clone it (git clone --branch TAG ADDRESS FOLDER) and name "
        "FOLDER/Snakefile in its place."
    )


# Of the working directory, which may be a lab folder. Where it is missing, rules/common.smk says what
# to do, unless --configfile or the module that uses these rules has brought a configuration.
if os.path.exists("config/config.yaml"):

    configfile: "config/config.yaml"


report: "rules/report/workflow.rst"


include: "rules/common.smk"
include: "rules/wanted.smk"


onstart:
    # Under its default limit of 100 starts a second, Snakemake looks for jobs to start once a second
    # for each job that has ended so far, which in the end takes a whole core. Other limits are kept.
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


rule all:
    """Everything that the table of runs asks for, with the report."""
    default_target: True
    input:
        "results/report",
        lambda wildcards: atlases_of(DATASETS),


include: "rules/neurons_inputs.smk"
include: "rules/neurons.smk"
include: "rules/cells_inputs.smk"
include: "rules/cells.smk"
include: "rules/organelles_inputs.smk"
include: "rules/organelles.smk"
include: "rules/organelles_samples.smk"
include: "rules/masks.smk"
include: "rules/dendrites_inputs.smk"
include: "rules/dendrites.smk"
include: "rules/gpus.smk"
include: "rules/train.smk"
include: "rules/retrain.smk"
include: "rules/embed.smk"
include: "rules/apply.smk"
include: "rules/analyse.smk"
include: "rules/invariance.smk"
include: "rules/generate.smk"
include: "rules/generate_trees.smk"
include: "rules/figures_inputs.smk"
include: "rules/figures.smk"
include: "rules/atlas.smk"
include: "rules/sweeps.smk"
include: "rules/experiments.smk"
include: "rules/report.smk"
include: "rules/targets.smk"

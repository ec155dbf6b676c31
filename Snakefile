from snakemake.utils import min_version

min_version("9.20")


configfile: "config/config.yaml"


report: "rules/report/workflow.rst"


include: "rules/common.smk"


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
        "results/report.html",


include: "rules/neurons_inputs.smk"
include: "rules/neurons.smk"
include: "rules/cells_inputs.smk"
include: "rules/cells.smk"
include: "rules/organelles_inputs.smk"
include: "rules/organelles.smk"
include: "rules/dendrites_inputs.smk"
include: "rules/dendrites.smk"
include: "rules/train.smk"
include: "rules/embed.smk"
include: "rules/analyse.smk"
include: "rules/invariance.smk"
include: "rules/generate.smk"
include: "rules/generate_trees.smk"
include: "rules/figures_inputs.smk"
include: "rules/figures.smk"
include: "rules/sweeps.smk"
include: "rules/experiments.smk"
include: "rules/report.smk"
include: "rules/targets.smk"

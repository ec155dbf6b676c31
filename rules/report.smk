rule report:
    """One page with all figures, their captions and how each was made."""
    input:
        figures_of(DATASETS),
        of_runs("results/{run.dataset}/comparison/scores.parquet"),
        expand("results/sweeps/{sweep}/figures/sweep.svg", sweep=SWEEPS),
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.jsonl"
    localrule: True
    conda:
        "../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        snakefile=os.path.relpath(workflow.main_snakefile),
        configfiles=config_flags(),
    # The inner call only reads what the finished jobs left; the outer one holds the lock.
    shell:
        "python -m snakemake figures sweeps --snakefile {params.snakefile:q}"
        " --report {output:q} --nolock --cores 1"
        " {params.configfiles} &> {log:q}"

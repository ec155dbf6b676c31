rule report:
    """One page with all figures, their captions and how each was made."""
    input:
        figures_of(DATASETS),
        of_runs("results/{run.dataset}/comparison/scores.parquet"),
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.jsonl"
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    localrule: True
    params:
        configfiles=[
            str(Path(path).relative_to(Path.cwd()) if Path(path).is_relative_to(Path.cwd()) else path)
            for path in workflow.overwrite_configfiles
        ],
    # The inner call only reads what the finished jobs left; this one holds the lock.
    shell:
        "python -m snakemake figures --report {output} --nolock --cores 1"
        " $([ -z '{params.configfiles}' ] || echo --configfile {params.configfiles}) &> {log}"

# What named experiments give together: one table of all sweeps, and one of run times.
rule summarise_sweeps:
    """All sweeps in one tidy table: means over seeds with intervals, and which members were chosen."""
    input:
        script=entry("summarise_sweeps"),
        tables=expand("results/sweeps/{sweep}/scores.parquet", sweep=SWEEPS),
    output:
        table="results/sweeps/summary.parquet",
        text="results/sweeps/summary.tsv",
        listed="results/sweeps/summary.files.json",
    log:
        "results/logs/summarise_sweeps.log",
    benchmark:
        "results/benchmarks/summarise_sweeps.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code_digest=code_digest("summarise_sweeps"),
        names=list(SWEEPS),
    shell:
        "python {input.script:q} --tables {input.tables:q} --names {params.names:q}"
        " --output {output.table:q} --text {output.text:q} &> {log:q}"


rule tabulate_run_times:
    """How long each stage took for each dataset, model, variant and seed; no result, as it holds times."""
    input:
        script=entry("tabulate_run_times"),
        # Not read, but made by the jobs whose benchmarks are.
        summary="results/sweeps/summary.parquet",
    output:
        "results/benchmarks/run_times.tsv",
    log:
        "results/logs/tabulate_run_times.log",
    benchmark:
        "results/benchmarks/tabulate_run_times.jsonl"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code_digest=code_digest("tabulate_run_times"),
        benchmarks=subpath(output[0], parent=True),
    shell:
        "python {input.script:q} --benchmarks {params.benchmarks:q} --output {output:q} &> {log:q}"


rule experiments:
    """All sweeps with one table of them all, and how long each step took."""
    input:
        expand("results/sweeps/{sweep}/figures/sweep.svg", sweep=SWEEPS),
        "results/sweeps/summary.tsv",
        "results/benchmarks/run_times.tsv",

rule compare_sweep:
    """All members of a sweep: settings, scores, and which was chosen on the validation split."""
    input:
        script=entry("compare_sweep"),
        scores=lambda wildcards: members_files(wildcards, "scores.parquet"),
        histories=lambda wildcards: (
            members_files(wildcards, "history.parquet")
            if config["sweeps"][wildcards.sweep]["model"] in TRAINED
            else []
        ),
    output:
        table="results/sweeps/{sweep}/scores.parquet",
    log:
        "results/logs/compare_sweep/{sweep}.log",
    benchmark:
        "results/benchmarks/compare_sweep/{sweep}.jsonl"
    wildcard_constraints:
        sweep="|".join(SWEEPS) or "-",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        code_digest=code_digest("compare_sweep"),
        members=sweep_members,
        choose_by=lambda wildcards: config["sweeps"][wildcards.sweep]["choose_by"],
    shell:
        "python {input.script:q} --scores {input.scores:q} --histories {input.histories:q}"
        " --members {params.members:q} --choose-by {params.choose_by:q}"
        " --output {output.table:q} &> {log:q}"


rule draw_sweep:
    """How the scores of a sweep depend on each of its settings."""
    input:
        script=entry("draw_sweep"),
        table="results/sweeps/{sweep}/scores.parquet",
    output:
        svg=report(
            "results/sweeps/{sweep}/figures/sweep.svg",
            caption="report/sweep.rst",
            category="sweeps",
            labels={"figure": "{sweep}"},
        ),
        others=multiext("results/sweeps/{sweep}/figures/", "sweep.png", "files.json"),
    log:
        "results/logs/draw_sweep/{sweep}.log",
    benchmark:
        "results/benchmarks/draw_sweep/{sweep}.jsonl"
    wildcard_constraints:
        sweep="|".join(SWEEPS) or "-",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code_digest=code_digest("draw_sweep"),
        swept=swept_settings,
        choose_by=lambda wildcards: config["sweeps"][wildcards.sweep]["choose_by"],
        folder=subpath(output.svg, parent=True),
    shell:
        "python {input.script:q} --table {input.table:q} --swept {params.swept:q}"
        " --choose-by {params.choose_by:q} --folder {params.folder:q} &> {log:q}"

rule compare_sweep:
    """All members of a sweep: settings, scores, and which was chosen on the validation split."""
    input:
        script="scripts/compare_sweep.py",
        code=code("scripts/compare_sweep.py"),
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
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        members=sweep_members,
        choose_by=lambda wildcards: config["sweeps"][wildcards.sweep]["choose_by"],
    shell:
        "python {input.script} --scores {input.scores} --histories {input.histories}"
        " --members {params.members:q} --choose-by {params.choose_by}"
        " --output {output.table} &> {log}"


rule draw_sweep:
    """How the scores of a sweep depend on each of its settings."""
    input:
        script="scripts/draw_sweep.py",
        code=code("scripts/draw_sweep.py"),
        table="results/sweeps/{sweep}/scores.parquet",
    output:
        svg=report(
            "results/sweeps/{sweep}/figures/sweep.svg",
            caption="report/sweep.rst",
            category="sweeps",
            labels={"figure": "{sweep}"},
        ),
        png="results/sweeps/{sweep}/figures/sweep.png",
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
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        swept=swept_settings,
        choose_by=lambda wildcards: config["sweeps"][wildcards.sweep]["choose_by"],
    shell:
        "python {input.script} --table {input.table} --swept {params.swept:q}"
        " --choose-by {params.choose_by} --svg {output.svg} --png {output.png} &> {log}"

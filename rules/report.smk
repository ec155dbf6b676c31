rule write_report:
    """The page on what was found, with its pictures and tables, and what explains the results."""
    input:
        script=entry("write_report"),
        templates=[
            os.path.relpath(path)
            for path in sorted(
                (WORKFLOW / "scripts/morphoflow/report/templates").iterdir()
            )
        ],
        captions=[
            os.path.relpath(path)
            for path in sorted((WORKFLOW / "rules/report").iterdir())
        ],
        cards=[
            os.path.relpath(path)
            for path in sorted((WORKFLOW / "config/models").glob("*.yaml"))
        ],
        bibliography=os.path.relpath(WORKFLOW / "resources/bibliography.yaml"),
        figures=figures_of(DATASETS),
        atlases=atlases_of(DATASETS),
        tables=lambda wildcards: expand(
            "results/{dataset}/{name}.parquet",
            dataset=datasets_run(),
            name=["objects", "quality", *REPORTED],
        ),
        compared=expand(
            "results/{dataset}/{name}.parquet",
            dataset=[name for name in datasets_run() if name in config["compare"]],
            name=COMPARED,
        ),
    output:
        folder=directory("results/report"),
        readme="results/README.md",
        listed="results/README.files.json",
    log:
        "results/logs/write_report.log",
    benchmark:
        "results/benchmarks/write_report.jsonl"
    conda:
        "../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(20),
    params:
        code_digest=code_digest("write_report"),
        config=as_json(config),
        datasets=datasets_run(),
        models=lambda wildcards, input: os.path.dirname(input.cards[0]),
        captions=lambda wildcards, input: os.path.dirname(input.captions[0]),
        templates=lambda wildcards, input: os.path.dirname(input.templates[0]),
    shell:
        "python {input.script:q} --config {params.config:q} --datasets {params.datasets:q}"
        " --results results --models {params.models:q} --own-models config/models"
        " --bibliography {input.bibliography:q} --captions {params.captions:q}"
        " --templates {params.templates:q} --folder {output.folder:q} --readme {output.readme:q}"
        " &> {log:q}"


rule report:
    """Snakemake's own report: all figures, their captions and how each was made."""
    input:
        figures_of(DATASETS),
        of_runs("results/{run.dataset}/comparison/scores.parquet"),
        expand("results/sweeps/{sweep}/figures/sweep.svg", sweep=SWEEPS),
        script=entry("list_page"),
    output:
        page="results/report.html",
        listed="results/report.files.json",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.jsonl"
    localrule: True
    conda:
        "../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code_digest=code_digest("list_page"),
        snakefile=os.path.relpath(workflow.main_snakefile),
        configfiles=config_flags(),
    # The inner call only reads what the finished jobs left; the outer one holds the lock.
    shell:
        "{{ python -m snakemake figures sweeps --snakefile {params.snakefile:q}"
        " --report {output.page:q} --nolock --cores 1 {params.configfiles}"
        " && python {input.script:q} --page {output.page:q}; }} &> {log:q}"

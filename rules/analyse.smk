# What is made of an embedding, and how the models of a dataset compare.
rule analyse_embedding:
    """Maps, clusters, classification, cross-validation, retrieval and outliers of an embedding."""
    input:
        script=entry("analyse_embedding"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
        measures=object_measures,
    output:
        maps="results/{dataset}/{model}/{variant}/seed{seed}/maps.parquet",
        analysed="results/{dataset}/{model}/{variant}/seed{seed}/analysed.h5ad",
        tables=multiext(
            "results/{dataset}/{model}/{variant}/seed{seed}/",
            "clusters.parquet",
            "cluster_scores.parquet",
            "cluster_profiles.parquet",
            "cluster_members.parquet",
            "confusion.parquet",
            "scores.parquet",
            "cross_validation.parquet",
            "cross_validation_scores.parquet",
            "retrieval.parquet",
            "retrieval_labels.parquet",
            "retrieval_scores.parquet",
            "outliers.parquet",
            "outlier_scores.parquet",
        ),
    log:
        "results/logs/analyse_embedding/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/analyse_embedding/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(memory_of_pairs, 20, "embedding", "measures"),
        runtime=minutes(minutes_of_pairs),
    params:
        code_digest=code_digest("analyse_embedding"),
        settings=as_json({part: config[part] for part in ANALYSIS}),
        folder=subpath(output.maps, parent=True),
    shell:
        "python {input.script:q} --embedding {input.embedding:q} --measures {input.measures:q}"
        " --settings {params.settings:q}"
        " --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model}"
        " --variant {wildcards.variant} --folder {params.folder:q} &> {log:q}"


rule compare_groups:
    """In which measures and clusters groups of objects differ, and how embeddings mix batches."""
    input:
        script=entry("compare_groups"),
        analysed=lambda wildcards: expand(
            "results/{folder}/analysed.h5ad", folder=first_runs(wildcards.dataset)
        ),
        table=lambda wildcards: config["compare"][wildcards.dataset]["table"] or [],
    output:
        differences="results/{dataset}/comparison/differences.parquet",
        mixing="results/{dataset}/comparison/mixing.parquet",
        svg=report(
            "results/{dataset}/figures/differences.svg",
            caption="report/differences.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "0 differences of groups"},
        ),
        png="results/{dataset}/figures/differences.png",
        listed="results/{dataset}/figures/differences.files.json",
    log:
        "results/logs/compare_groups/{dataset}.log",
    benchmark:
        "results/benchmarks/compare_groups/{dataset}.jsonl"
    wildcard_constraints:
        dataset="|".join(config["compare"]) or "-",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 4, "analysed"),
        runtime=minutes(30, 1, "analysed"),
    params:
        code_digest=code_digest("compare_groups"),
        settings=lambda wildcards: as_json(
            {
                key: value
                for key, value in config["compare"][wildcards.dataset].items()
                if key != "table"
            }
        ),
    shell:
        "python {input.script:q} --analysed {input.analysed:q} --table {input.table:q}"
        " --settings {params.settings:q} --differences {output.differences:q}"
        " --mixed {output.mixing:q} --svg {output.svg:q} --png {output.png:q} &> {log:q}"


rule compare_scores:
    """The scores of all models, variants and seeds of a dataset in one table, and their ranking."""
    input:
        script=entry("compare_scores"),
        scores=lambda wildcards: score_tables(wildcards.dataset),
        predictions=lambda wildcards: [
            f"results/{run.folder}/cross_validation.parquet"
            for run in RUNS
            if run.dataset == wildcards.dataset
        ],
        objects="results/{dataset}/objects.parquet",
    output:
        scores="results/{dataset}/comparison/scores.parquet",
        summary="results/{dataset}/comparison/summary.parquet",
        ranking="results/{dataset}/comparison/ranking.parquet",
        pairs="results/{dataset}/comparison/pairs.parquet",
    log:
        "results/logs/compare_scores/{dataset}.log",
    benchmark:
        "results/benchmarks/compare_scores/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        code_digest=code_digest("compare_scores"),
        # A shell takes at most 128 KB: of hundreds of runs the folders alone are named.
        folder=lambda wildcards: f"results/{wildcards.dataset}",
        runs=lambda wildcards: [
            run.folder.partition("/")[2]
            for run in RUNS
            if run.dataset == wildcards.dataset
        ],
    shell:
        "python {input.script:q} --folder {params.folder:q} --runs {params.runs:q}"
        " --objects {input.objects:q}"
        " --output {output.scores:q} --summary {output.summary:q} --ranking {output.ranking:q}"
        " --pairs {output.pairs:q} &> {log:q}"

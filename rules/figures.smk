rule plot_neurons:
    """Example neurons of every class."""
    input:
        script="scripts/plot_neurons.py",
        code=code("scripts/plot_neurons.py"),
        trees="results/{dataset}/trees.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/neurons.svg",
            caption="report/neurons.rst",
            category="{dataset}",
            labels={"figure": "1 neurons"},
        ),
        png="results/{dataset}/figures/neurons.png",
    log:
        "results/logs/plot_neurons/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_neurons/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --trees {input.trees} --objects {input.objects}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_walks:
    """Random walks over the neurons that they were drawn on."""
    input:
        script="scripts/plot_walks.py",
        code=code("scripts/plot_walks.py"),
        trees="results/{dataset}/trees.zarr",
        walks="results/{dataset}/samples/walks.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/walks.svg",
            caption="report/walks.rst",
            category="{dataset}",
            labels={"figure": "2 random walks"},
        ),
        png="results/{dataset}/figures/walks.png",
    log:
        "results/logs/plot_walks/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_walks/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --trees {input.trees} --walks {input.walks} --objects {input.objects}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_quality:
    """What was found in the files, and how many were repaired or refused."""
    input:
        script="scripts/plot_quality.py",
        code=code("scripts/plot_quality.py"),
        quality="results/{dataset}/quality.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/quality.svg",
            caption="report/quality.rst",
            category="{dataset}",
            labels={"figure": "3 quality of the files"},
        ),
        png="results/{dataset}/figures/quality.png",
    log:
        "results/logs/plot_quality/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_quality/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --quality {input.quality}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_scores:
    """All models of a dataset compared, with intervals and spread over seeds."""
    input:
        script="scripts/plot_scores.py",
        code=code("scripts/plot_scores.py"),
        scores="results/{dataset}/comparison/scores.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/scores.svg",
            caption="report/scores.rst",
            category="{dataset}",
            labels={"figure": "0 comparison of models"},
        ),
        png="results/{dataset}/figures/scores.png",
    log:
        "results/logs/plot_scores/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_scores/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --scores {input.scores}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_embedding:
    """An embedding and what was made of it: maps, clusters, classification, retrieval, outliers."""
    input:
        script="scripts/plot_embedding.py",
        code=code("scripts/plot_embedding.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
        map_table="results/{dataset}/{model}/{variant}/seed{seed}/maps.parquet",
        cluster_table="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
        cluster_scores="results/{dataset}/{model}/{variant}/seed{seed}/cluster_scores.parquet",
        confusion_table="results/{dataset}/{model}/{variant}/seed{seed}/confusion.parquet",
        cross_validation_scores="results/{dataset}/{model}/{variant}/seed{seed}/cross_validation_scores.parquet",
        queries="results/{dataset}/{model}/{variant}/seed{seed}/retrieval.parquet",
        query_labels="results/{dataset}/{model}/{variant}/seed{seed}/retrieval_labels.parquet",
        outlier_table="results/{dataset}/{model}/{variant}/seed{seed}/outliers.parquet",
    output:
        maps=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/maps.svg",
            caption="report/maps.rst",
            category="{dataset}",
            labels={
                "figure": "maps",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        clusters=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/clusters.svg",
            caption="report/clusters.rst",
            category="{dataset}",
            labels={
                "figure": "clusters",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        confusion=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/confusion.svg",
            caption="report/confusion.rst",
            category="{dataset}",
            labels={
                "figure": "confusion",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        cross_validation=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/cross_validation.svg",
            caption="report/cross_validation.rst",
            category="{dataset}",
            labels={
                "figure": "cross-validation",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        retrieval=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/retrieval.svg",
            caption="report/retrieval.rst",
            category="{dataset}",
            labels={
                "figure": "retrieval",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        outliers=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/outliers.svg",
            caption="report/outliers.rst",
            category="{dataset}",
            labels={
                "figure": "outliers",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png=[
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/maps.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/clusters.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/confusion.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/cross_validation.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/retrieval.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/outliers.png",
        ],
    log:
        "results/logs/plot_embedding/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_embedding/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        method=config["clusters"]["methods"][0],
        folder=subpath(output.maps, parent=True),
    shell:
        "python {input.script} --embedding {input.embedding} --maps {input.map_table}"
        " --clusters {input.cluster_table} --cluster-scores {input.cluster_scores}"
        " --confusion {input.confusion_table} --cross-validation {input.cross_validation_scores}"
        " --retrieval {input.queries} --retrieval-labels {input.query_labels}"
        " --outliers {input.outlier_table} --method {params.method}"
        " --folder {params.folder} &> {log}"


rule plot_history:
    """The course of a training."""
    input:
        script="scripts/plot_history.py",
        code=code("scripts/plot_history.py"),
        history="results/{dataset}/{model}/{variant}/seed{seed}/history.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/history.svg",
            caption="report/history.rst",
            category="{dataset}",
            labels={
                "figure": "training",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/history.png",
    log:
        "results/logs/plot_history/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_history/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --history {input.history}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_profiles:
    """What sets each cluster apart from all other objects."""
    input:
        script="scripts/plot_profiles.py",
        code=code("scripts/plot_profiles.py"),
        profiles="results/{dataset}/{model}/{variant}/seed{seed}/cluster_profiles.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/profiles.svg",
            caption="report/profiles.rst",
            category="{dataset}",
            labels={
                "figure": "what sets clusters apart",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/profiles.png",
    log:
        "results/logs/plot_profiles/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_profiles/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        method=config["clusters"]["methods"][0],
    shell:
        "python {input.script} --profiles {input.profiles} --method {params.method}"
        " --svg {output.svg} --png {output.png} &> {log}"

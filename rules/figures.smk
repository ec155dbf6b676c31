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


rule plot_maps:
    """Maps of an embedding, coloured by label and by cluster."""
    input:
        script="scripts/plot_maps.py",
        code=code("scripts/plot_maps.py"),
        maps="results/{dataset}/{model}/{variant}/seed{seed}/maps.parquet",
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
    output:
        svg=report(
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
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/maps.png",
    log:
        "results/logs/plot_maps/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_maps/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        method=config["clusters"]["methods"][0],
    shell:
        "python {input.script} --maps {input.maps} --embedding {input.embedding}"
        " --clusters {input.clusters} --method {params.method}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_clusters:
    """Clusters against labels, one panel a method."""
    input:
        script="scripts/plot_clusters.py",
        code=code("scripts/plot_clusters.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
        scores="results/{dataset}/{model}/{variant}/seed{seed}/cluster_scores.parquet",
    output:
        svg=report(
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
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/clusters.png",
    log:
        "results/logs/plot_clusters/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_clusters/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --embedding {input.embedding} --clusters {input.clusters}"
        " --scores {input.scores}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_confusion:
    """Which classes neighbours in an embedding mistake for one another."""
    input:
        script="scripts/plot_confusion.py",
        code=code("scripts/plot_confusion.py"),
        confusion="results/{dataset}/{model}/{variant}/seed{seed}/confusion.parquet",
    output:
        svg=report(
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
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/confusion.png",
    log:
        "results/logs/plot_confusion/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_confusion/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --confusion {input.confusion}"
        " --svg {output.svg} --png {output.png} &> {log}"


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


rule plot_outliers:
    """How far from others, and how improbable, each object of an embedding is."""
    input:
        script="scripts/plot_outliers.py",
        code=code("scripts/plot_outliers.py"),
        outliers="results/{dataset}/{model}/{variant}/seed{seed}/outliers.parquet",
    output:
        svg=report(
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
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/outliers.png",
    log:
        "results/logs/plot_outliers/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_outliers/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --outliers {input.outliers}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_retrieval:
    """How far ahead objects of the same label are among neighbours."""
    input:
        script="scripts/plot_retrieval.py",
        code=code("scripts/plot_retrieval.py"),
        queries="results/{dataset}/{model}/{variant}/seed{seed}/retrieval.parquet",
    output:
        svg=report(
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
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/retrieval.png",
    log:
        "results/logs/plot_retrieval/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_retrieval/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --queries {input.queries}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_cross_validation:
    """How well several classifiers tell the labels of an embedding."""
    input:
        script="scripts/plot_cross_validation.py",
        code=code("scripts/plot_cross_validation.py"),
        scores="results/{dataset}/{model}/{variant}/seed{seed}/cross_validation_scores.parquet",
    output:
        svg=report(
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
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/cross_validation.png",
    log:
        "results/logs/plot_cross_validation/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_cross_validation/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --scores {input.scores}"
        " --svg {output.svg} --png {output.png} &> {log}"

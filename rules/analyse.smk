rule map_embedding:
    """Two-dimensional maps of an embedding: PCA, t-SNE and UMAP."""
    input:
        script="scripts/map_embedding.py",
        code=code("scripts/map_embedding.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        maps="results/{dataset}/{model}/{variant}/seed{seed}/maps.parquet",
    log:
        "results/logs/map_embedding/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/map_embedding/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=as_json(config["maps"]),
    shell:
        "python {input.script} --embedding {input.embedding} --settings {params.settings:q}"
        " --seed {wildcards.seed} --output {output.maps} &> {log}"


rule cluster_embedding:
    """Clusters of an embedding by several methods, and how they agree with the labels."""
    input:
        script="scripts/cluster_embedding.py",
        code=code("scripts/cluster_embedding.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
        scores="results/{dataset}/{model}/{variant}/seed{seed}/cluster_scores.parquet",
    log:
        "results/logs/cluster_embedding/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/cluster_embedding/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=as_json(config["clusters"]),
    shell:
        "python {input.script} --embedding {input.embedding} --settings {params.settings:q}"
        " --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model} --variant {wildcards.variant}"
        " --output {output.clusters} --scores {output.scores} &> {log}"


rule classify_embedding:
    """How well neighbours in an embedding share a label, with the confusion matrix."""
    input:
        script="scripts/classify_embedding.py",
        code=code("scripts/classify_embedding.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        scores="results/{dataset}/{model}/{variant}/seed{seed}/scores.parquet",
        confusion="results/{dataset}/{model}/{variant}/seed{seed}/confusion.parquet",
    log:
        "results/logs/classify_embedding/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/classify_embedding/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=as_json(config["classification"]),
        uses_labels=uses_labels,
    shell:
        "python {input.script} --embedding {input.embedding} --settings {params.settings:q}"
        " --uses-labels {params.uses_labels} --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model} --variant {wildcards.variant}"
        " --scores {output.scores} --confusion {output.confusion} &> {log}"


rule cross_validate:
    """How well several classifiers tell the labels, by nested cross-validation."""
    input:
        script="scripts/cross_validate.py",
        code=code("scripts/cross_validate.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        scores="results/{dataset}/{model}/{variant}/seed{seed}/cross_validation_scores.parquet",
        predictions="results/{dataset}/{model}/{variant}/seed{seed}/cross_validation.parquet",
    log:
        "results/logs/cross_validate/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/cross_validate/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=as_json(config["cross_validation"]),
        uses_labels=uses_labels,
    shell:
        "python {input.script} --embedding {input.embedding} --settings {params.settings:q}"
        " --uses-labels {params.uses_labels} --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model} --variant {wildcards.variant}"
        " --scores {output.scores} --predictions {output.predictions} &> {log}"


rule retrieve_neighbours:
    """How far ahead objects of the same label are among each object's neighbours."""
    input:
        script="scripts/retrieve_neighbours.py",
        code=code("scripts/retrieve_neighbours.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        scores="results/{dataset}/{model}/{variant}/seed{seed}/retrieval_scores.parquet",
        queries="results/{dataset}/{model}/{variant}/seed{seed}/retrieval.parquet",
        labels="results/{dataset}/{model}/{variant}/seed{seed}/retrieval_labels.parquet",
    log:
        "results/logs/retrieve_neighbours/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/retrieve_neighbours/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=as_json(config["retrieval"]),
        uses_labels=uses_labels,
    shell:
        "python {input.script} --embedding {input.embedding} --settings {params.settings:q}"
        " --uses-labels {params.uses_labels} --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model} --variant {wildcards.variant}"
        " --scores {output.scores} --queries {output.queries} --labels {output.labels} &> {log}"


rule detect_outliers:
    """Objects of an embedding that are far from others, or improbable."""
    input:
        script="scripts/detect_outliers.py",
        code=code("scripts/detect_outliers.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        scores="results/{dataset}/{model}/{variant}/seed{seed}/outlier_scores.parquet",
        outliers="results/{dataset}/{model}/{variant}/seed{seed}/outliers.parquet",
    log:
        "results/logs/detect_outliers/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/detect_outliers/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=as_json(config["outliers"]),
    shell:
        "python {input.script} --embedding {input.embedding} --settings {params.settings:q}"
        " --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model} --variant {wildcards.variant}"
        " --scores {output.scores} --output {output.outliers} &> {log}"


rule compare_scores:
    """The scores of all models, variants and seeds of a dataset in one table."""
    input:
        script="scripts/compare_scores.py",
        code=code("scripts/compare_scores.py"),
        scores=lambda wildcards: score_tables(wildcards.dataset),
    output:
        scores="results/{dataset}/comparison/scores.parquet",
        summary="results/{dataset}/comparison/summary.parquet",
    log:
        "results/logs/compare_scores/{dataset}.log",
    benchmark:
        "results/benchmarks/compare_scores/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --scores {input.scores}"
        " --output {output.scores} --summary {output.summary} &> {log}"


rule describe_clusters:
    """What sets each cluster apart in measures that a person understands, and its medoids."""
    input:
        script="scripts/describe_clusters.py",
        code=code("scripts/describe_clusters.py"),
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
        measures=object_measures,
    output:
        profiles="results/{dataset}/{model}/{variant}/seed{seed}/cluster_profiles.parquet",
        members="results/{dataset}/{model}/{variant}/seed{seed}/cluster_members.parquet",
    log:
        "results/logs/describe_clusters/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/describe_clusters/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --embedding {input.embedding} --clusters {input.clusters}"
        " --measures {input.measures} --profiles {output.profiles}"
        " --members {output.members} &> {log}"

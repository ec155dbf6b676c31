rule plot_crops:
    """Example cells of every class."""
    input:
        script="scripts/plot_crops.py",
        code=code("scripts/plot_crops.py"),
        crops="results/{dataset}/samples/crops.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/crops.svg",
            caption="report/crops.rst",
            category="{dataset}",
            labels={"figure": "1 cells"},
        ),
        png="results/{dataset}/figures/crops.png",
    log:
        "results/logs/plot_crops/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_crops/{dataset}.jsonl"
    wildcard_constraints:
        dataset="|".join(CELLS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --crops {input.crops} --objects {input.objects}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_stability:
    """How often noise changes the pose that prealignment finds."""
    input:
        script="scripts/plot_stability.py",
        code=code("scripts/plot_stability.py"),
        table="results/{dataset}/prealigned.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/stability.svg",
            caption="report/stability.rst",
            category="{dataset}",
            labels={"figure": "2 stability of prealignment"},
        ),
        png="results/{dataset}/figures/stability.png",
    log:
        "results/logs/plot_stability/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_stability/{dataset}.jsonl"
    wildcard_constraints:
        dataset="|".join(CELLS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --table {input.table}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_reconstructions:
    """Cells beside what a model made of them."""
    input:
        script="scripts/plot_reconstructions.py",
        code=code("scripts/plot_reconstructions.py"),
        shapes="results/{dataset}/{model}/{variant}/seed{seed}/shapes.zarr",
        crops="results/{dataset}/samples/crops.zarr",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/reconstructions.svg",
            caption="report/reconstructions.rst",
            category="{dataset}",
            labels={
                "figure": "reconstructions",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/reconstructions.png",
    log:
        "results/logs/plot_reconstructions/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_reconstructions/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --shapes {input.shapes} --crops {input.crops}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_traversals:
    """What a decoder makes of points on straight lines through an embedding."""
    input:
        script="scripts/plot_traversals.py",
        code=code("scripts/plot_traversals.py"),
        shapes="results/{dataset}/{model}/{variant}/seed{seed}/shapes.zarr",
        crops="results/{dataset}/samples/crops.zarr",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/traversals.svg",
            caption="report/traversals.rst",
            category="{dataset}",
            labels={
                "figure": "traversals",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/traversals.png",
    log:
        "results/logs/plot_traversals/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_traversals/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --shapes {input.shapes} --crops {input.crops}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_uncertainty:
    """How sure a model is of each cell, and how well it draws it."""
    input:
        script="scripts/plot_uncertainty.py",
        code=code("scripts/plot_uncertainty.py"),
        crops="results/{dataset}/samples/crops.zarr",
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/uncertainty.svg",
            caption="report/uncertainty.rst",
            category="{dataset}",
            labels={
                "figure": "uncertainty",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/uncertainty.png",
    log:
        "results/logs/plot_uncertainty/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_uncertainty/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --crops {input.crops} --embedding {input.embedding}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_invariance:
    """How far turns and flips of a cell move its embedding."""
    input:
        script="scripts/plot_invariance.py",
        code=code("scripts/plot_invariance.py"),
        invariance="results/{dataset}/{model}/{variant}/seed{seed}/invariance.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/invariance.svg",
            caption="report/invariance.rst",
            category="{dataset}",
            labels={
                "figure": "invariance",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/invariance.png",
    log:
        "results/logs/plot_invariance/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_invariance/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --invariance {input.invariance}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_cluster_gallery:
    """Members of each cluster of an embedding."""
    input:
        script="scripts/plot_cluster_gallery.py",
        code=code("scripts/plot_cluster_gallery.py"),
        crops="results/{dataset}/samples/crops.zarr",
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/cluster_gallery.svg",
            caption="report/cluster_gallery.rst",
            category="{dataset}",
            labels={
                "figure": "members of clusters",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/cluster_gallery.png",
    log:
        "results/logs/plot_cluster_gallery/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_cluster_gallery/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset="|".join(CELLS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --crops {input.crops} --embedding {input.embedding} --clusters {input.clusters}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_outlier_gallery:
    """The most unusual cells of an embedding beside the most typical ones."""
    input:
        script="scripts/plot_outlier_gallery.py",
        code=code("scripts/plot_outlier_gallery.py"),
        crops="results/{dataset}/samples/crops.zarr",
        objects="results/{dataset}/objects.parquet",
        outliers="results/{dataset}/{model}/{variant}/seed{seed}/outliers.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/outlier_gallery.svg",
            caption="report/outlier_gallery.rst",
            category="{dataset}",
            labels={
                "figure": "pictures of outliers",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/outlier_gallery.png",
    log:
        "results/logs/plot_outlier_gallery/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_outlier_gallery/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset="|".join(CELLS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --crops {input.crops} --objects {input.objects} --outliers {input.outliers}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_image_map:
    """Cells at their places on a map of an embedding."""
    input:
        script="scripts/plot_image_map.py",
        code=code("scripts/plot_image_map.py"),
        crops="results/{dataset}/samples/crops.zarr",
        objects="results/{dataset}/objects.parquet",
        maps="results/{dataset}/{model}/{variant}/seed{seed}/maps.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/image_map.svg",
            caption="report/image_map.rst",
            category="{dataset}",
            labels={
                "figure": "map of cells",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/image_map.png",
    log:
        "results/logs/plot_image_map/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_image_map/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset="|".join(CELLS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --crops {input.crops} --objects {input.objects} --maps {input.maps}"
        " --svg {output.svg} --png {output.png} &> {log}"

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
        dataset=CELL_DATASETS,
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
        dataset=CELL_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --table {input.table}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_shapes:
    """What a model gives back: reconstructions and lines through its latent."""
    input:
        script="scripts/plot_shapes.py",
        code=code("scripts/plot_shapes.py"),
        shapes="results/{dataset}/{model}/{variant}/seed{seed}/shapes.zarr",
        pictures=object_pictures,
    output:
        reconstructions=report(
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
        traversals=report(
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
        png=[
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/reconstructions.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/traversals.png",
        ],
    log:
        "results/logs/plot_shapes/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_shapes/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        folder=subpath(output.reconstructions, parent=True),
    shell:
        "python {input.script} --shapes {input.shapes} --pictures {input.pictures}"
        " --folder {params.folder} &> {log}"


rule plot_uncertainty:
    """How sure a model is of each object, and how well it draws it."""
    input:
        script="scripts/plot_uncertainty.py",
        code=code("scripts/plot_uncertainty.py"),
        pictures=object_pictures,
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
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --pictures {input.pictures} --embedding {input.embedding}"
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


rule plot_pictures:
    """Pictures of objects by their places in an embedding: clusters, outliers, a map."""
    input:
        script="scripts/plot_pictures.py",
        code=code("scripts/plot_pictures.py"),
        pictures=object_pictures,
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
        maps="results/{dataset}/{model}/{variant}/seed{seed}/maps.parquet",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
        outliers="results/{dataset}/{model}/{variant}/seed{seed}/outliers.parquet",
    output:
        cluster_gallery=report(
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
        outlier_gallery=report(
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
        image_map=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/image_map.svg",
            caption="report/image_map.rst",
            category="{dataset}",
            labels={
                "figure": "map of pictures",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png=[
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/cluster_gallery.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/outlier_gallery.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/image_map.png",
        ],
    log:
        "results/logs/plot_pictures/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_pictures/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        folder=subpath(output.cluster_gallery, parent=True),
    shell:
        "python {input.script} --pictures {input.pictures} --embedding {input.embedding}"
        " --maps {input.maps} --clusters {input.clusters} --outliers {input.outliers}"
        " --folder {params.folder} &> {log}"


rule plot_organelles:
    """Example organelles of every class: a slice of the EM through each, and its surface."""
    input:
        script="scripts/plot_organelles.py",
        code=code("scripts/plot_organelles.py"),
        volumes="results/{dataset}/samples/volumes.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/objects.svg",
            caption="report/objects.rst",
            category="{dataset}",
            labels={"figure": "organelles", "model": "", "variant": "", "seed": ""},
        ),
        png="results/{dataset}/figures/objects.png",
    log:
        "results/logs/plot_organelles/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_organelles/{dataset}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --volumes {input.volumes} --objects {input.objects}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_cluster_slice:
    """A slice of the EM with each object in the colour of its cluster."""
    input:
        script="scripts/plot_cluster_slice.py",
        code=code("scripts/plot_cluster_slice.py"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/cluster_slice.svg",
            caption="report/cluster_slice.rst",
            category="{dataset}",
            labels={
                "figure": "clusters in a slice",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/cluster_slice.png",
    log:
        "results/logs/plot_cluster_slice/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_cluster_slice/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        source=organelle_source,
        method=lambda wildcards: dataset_of(wildcards)["masks"]["method"],
    shell:
        "python {input.script} --source {params.source:q} --objects {input.objects}"
        " --clusters {input.clusters} --method {params.method}"
        " --svg {output.svg} --png {output.png} &> {log}"

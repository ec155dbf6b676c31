# Figures: those of a dataset by modality, those of a run by what it has.
rule draw_neurons:
    """Figures of a dataset of neurons: trees, walks, density maps, quality, scores."""
    input:
        script=entry("draw_neurons"),
        trees="results/{dataset}/trees.zarr",
        walks="results/{dataset}/samples/walks.zarr",
        reach="results/{dataset}/walks.parquet",
        densities="results/{dataset}/samples/densities.zarr",
        objects="results/{dataset}/objects.parquet",
        quality="results/{dataset}/quality.parquet",
        scores="results/{dataset}/comparison/scores.parquet",
    output:
        neurons=report(
            "results/{dataset}/figures/neurons.svg",
            caption="report/neurons.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "1 neurons"},
        ),
        neurons_3d=report(
            "results/{dataset}/figures/neurons_3d.svg",
            caption="report/neurons_3d.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "1 neurons in space"},
        ),
        walks=report(
            "results/{dataset}/figures/walks.svg",
            caption="report/walks.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "2 random walks"},
        ),
        densities=report(
            "results/{dataset}/figures/densities.svg",
            caption="report/densities.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "2 density maps"},
        ),
        quality=report(
            "results/{dataset}/figures/quality.svg",
            caption="report/quality.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "3 quality of the files"},
        ),
        scores=report(
            "results/{dataset}/figures/scores.svg",
            caption="report/scores.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "0 comparison of models"},
        ),
        others=multiext(
            "results/{dataset}/figures/",
            "neurons.png",
            "neurons_3d.png",
            "walks.png",
            "densities.png",
            "quality.png",
            "scores.png",
            "files.json",
        ),
    log:
        "results/logs/draw_neurons/{dataset}.log",
    benchmark:
        "results/benchmarks/draw_neurons/{dataset}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 2, "trees", "walks", "densities"),
        runtime=minutes(20),
    params:
        code_digest=code_digest("draw_neurons"),
        folder=subpath(output.quality, parent=True),
    shell:
        "python {input.script:q} --trees {input.trees:q} --walks {input.walks:q}"
        " --reach {input.reach:q} --densities {input.densities:q} --objects {input.objects:q} --quality {input.quality:q}"
        " --scores {input.scores:q} --folder {params.folder:q} &> {log:q}"


rule draw_cells:
    """Figures of a dataset of cells: crops, stability of prealignment, quality, scores."""
    input:
        script=entry("draw_cells"),
        crops="results/{dataset}/samples/crops.zarr",
        prealigned="results/{dataset}/prealigned.parquet",
        objects="results/{dataset}/objects.parquet",
        quality="results/{dataset}/quality.parquet",
        scores="results/{dataset}/comparison/scores.parquet",
    output:
        crops=report(
            "results/{dataset}/figures/crops.svg",
            caption="report/crops.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "1 cells"},
        ),
        stability=report(
            "results/{dataset}/figures/stability.svg",
            caption="report/stability.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "2 stability of prealignment"},
        ),
        quality=report(
            "results/{dataset}/figures/quality.svg",
            caption="report/quality.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "3 quality of the files"},
        ),
        scores=report(
            "results/{dataset}/figures/scores.svg",
            caption="report/scores.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "0 comparison of models"},
        ),
        others=multiext(
            "results/{dataset}/figures/",
            "crops.png",
            "stability.png",
            "quality.png",
            "scores.png",
            "files.json",
        ),
    log:
        "results/logs/draw_cells/{dataset}.log",
    benchmark:
        "results/benchmarks/draw_cells/{dataset}.jsonl"
    wildcard_constraints:
        dataset=CELL_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 2, "crops"),
        runtime=minutes(20),
    params:
        code_digest=code_digest("draw_cells"),
        folder=subpath(output.quality, parent=True),
    shell:
        "python {input.script:q} --crops {input.crops:q} --prealigned {input.prealigned:q}"
        " --objects {input.objects:q} --quality {input.quality:q} --scores {input.scores:q}"
        " --folder {params.folder:q} &> {log:q}"


rule draw_organelles:
    """Figures of a dataset of organelles: objects, quality, scores."""
    input:
        script=entry("draw_organelles"),
        volumes="results/{dataset}/samples/volumes.zarr",
        objects="results/{dataset}/objects.parquet",
        quality="results/{dataset}/quality.parquet",
        scores="results/{dataset}/comparison/scores.parquet",
    output:
        objects=report(
            "results/{dataset}/figures/objects.svg",
            caption="report/objects.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "1 organelles"},
        ),
        quality=report(
            "results/{dataset}/figures/quality.svg",
            caption="report/quality.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "3 quality of the files"},
        ),
        scores=report(
            "results/{dataset}/figures/scores.svg",
            caption="report/scores.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "0 comparison of models"},
        ),
        others=multiext(
            "results/{dataset}/figures/",
            "objects.png",
            "quality.png",
            "scores.png",
            "files.json",
        ),
    log:
        "results/logs/draw_organelles/{dataset}.log",
    benchmark:
        "results/benchmarks/draw_organelles/{dataset}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 1, "volumes"),
        runtime=minutes(20),
    params:
        code_digest=code_digest("draw_organelles"),
        folder=subpath(output.quality, parent=True),
    shell:
        "python {input.script:q} --volumes {input.volumes:q} --objects {input.objects:q}"
        " --quality {input.quality:q} --scores {input.scores:q} --folder {params.folder:q}"
        " &> {log:q}"


rule draw_dendrites:
    """Figures of a dataset of images of dendrites: images, quality, scores."""
    input:
        script=entry("draw_dendrites"),
        samples="results/{dataset}/samples/images.zarr",
        objects="results/{dataset}/objects.parquet",
        arbors="results/{dataset}/arbors.parquet",
        quality="results/{dataset}/quality.parquet",
        scores="results/{dataset}/comparison/scores.parquet",
    output:
        dendrites=report(
            "results/{dataset}/figures/dendrites.svg",
            caption="report/dendrites.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "1 dendrites"},
        ),
        quality=report(
            "results/{dataset}/figures/quality.svg",
            caption="report/quality.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "3 quality of the files"},
        ),
        scores=report(
            "results/{dataset}/figures/scores.svg",
            caption="report/scores.rst",
            category="{dataset}",
            subcategory="of the dataset",
            labels={"figure": "0 comparison of models"},
        ),
        others=multiext(
            "results/{dataset}/figures/",
            "dendrites.png",
            "quality.png",
            "scores.png",
            "files.json",
        ),
    log:
        "results/logs/draw_dendrites/{dataset}.log",
    benchmark:
        "results/benchmarks/draw_dendrites/{dataset}.jsonl"
    wildcard_constraints:
        dataset=DENDRITE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 2, "samples"),
        runtime=minutes(20),
    params:
        code_digest=code_digest("draw_dendrites"),
        folder=subpath(output.quality, parent=True),
    shell:
        "python {input.script:q} --samples {input.samples:q} --objects {input.objects:q}"
        " --arbors {input.arbors:q} --quality {input.quality:q} --scores {input.scores:q}"
        " --folder {params.folder:q} &> {log:q}"


rule draw_run:
    """All figures of a run, which depend on model and dataset, and the card of a trained model."""
    input:
        script=entry("draw_run"),
        shown=shown_files,
        pictures=object_pictures,
    output:
        folder=report(
            directory("results/{dataset}/{model}/{variant}/seed{seed}/figures"),
            patterns=["{figure}.svg"],
            caption="report/figure.rst",
            category="{dataset}",
            subcategory="{model}, {variant}",
            labels={
                "figure": "{figure}",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
    log:
        "results/logs/draw_run/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/draw_run/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 2, "pictures"),
        runtime=minutes(30),
    params:
        code_digest=drawing_digest,
        figures=lambda wildcards: figures_of_run(run_of(wildcards)),
        run=subpath(output.folder, parent=True),
        dataset=lambda wildcards: f"results/{wildcards.dataset}",
        settings=drawing_settings,
    shell:
        "python {input.script:q} --figures {params.figures:q} --run {params.run:q}"
        " --dataset {params.dataset:q} --pictures {input.pictures:q} --settings {params.settings:q}"
        " --folder {output.folder:q} &> {log:q}"

rule fetch_cells:
    """Cells that a Python package ships or a server holds, checked against the dataset card."""
    input:
        script=entry("fetch_cells"),
        card=lambda wildcards: CARDS[wildcards.card],
    output:
        folder=directory("results/sources/{card}"),
    log:
        "results/logs/fetch_cells/{card}.log",
    benchmark:
        "results/benchmarks/fetch_cells/{card}.jsonl"
    wildcard_constraints:
        card="|".join(CELL_CARDS) or "-",
    localrule: True
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        code_digest=code_digest("fetch_cells"),
    shell:
        "python {input.script:q} --card {input.card:q} --output {output.folder:q} &> {log:q}"


rule read_cells:
    """Crops read, or cut out of images by their masks: sample store, object and quality tables."""
    input:
        script=entry("read_cells"),
        fetched=source_folders,
        files=lambda wildcards: CELL_FILES[wildcards.dataset]["files"],
        labels=lambda wildcards: CELL_FILES[wildcards.dataset]["labels"],
    output:
        samples=directory("results/{dataset}/samples/crops.zarr"),
        objects="results/{dataset}/objects.parquet",
        quality="results/{dataset}/quality.parquet",
    log:
        "results/logs/read_cells/{dataset}.log",
    benchmark:
        "results/benchmarks/read_cells/{dataset}.jsonl"
    wildcard_constraints:
        dataset=CELL_DATASETS,
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 5, "files"),
        runtime=minutes(30, 0.05, "files"),
    params:
        code_digest=code_digest("read_cells"),
        sources=cell_sources,
        settings=cell_settings,
    shell:
        "python {input.script:q} --sources {params.sources:q} --settings {params.settings:q}"
        " --labels {input.labels:q} --samples {output.samples:q} --objects {output.objects:q}"
        " --quality {output.quality:q} &> {log:q}"


rule measure_shapes:
    """Features of every cell in its image, or in its crop where there is no image."""
    input:
        script=entry("measure_shapes"),
        fetched=source_folders,
        files=lambda wildcards: CELL_FILES[wildcards.dataset]["files"],
        samples="results/{dataset}/samples/crops.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        output=directory("results/{dataset}/samples/shape_features.zarr"),
    log:
        "results/logs/measure_shapes/{dataset}.log",
    benchmark:
        "results/benchmarks/measure_shapes/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 8, "samples"),
        runtime=minutes(20, 0.1, "samples"),
    params:
        sources=cell_sources,
        pieces=lambda wildcards: dataset_of(wildcards)["crops"]["pieces"],
        code_digest=code_digest("measure_shapes"),
    shell:
        "python {input.script:q} --sources {params.sources:q} --pieces {params.pieces:q}"
        " --samples {input.samples:q}"
        " --objects {input.objects:q} --output {output.output:q} &> {log:q}"


rule prealign_crops:
    """Every cell turned upright and flipped to be alike, and how stable that is."""
    input:
        script=entry("prealign_crops"),
        samples="results/{dataset}/samples/crops.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        output=directory("results/{dataset}/samples/prealigned.zarr"),
        table="results/{dataset}/prealigned.parquet",
    log:
        "results/logs/prealign_crops/{dataset}.log",
    benchmark:
        "results/benchmarks/prealign_crops/{dataset}.jsonl"
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=memory(1500, 8, "samples"),
        runtime=minutes(20, 0.2, "samples"),
    params:
        code_digest=code_digest("prealign_crops"),
        settings=lambda wildcards: as_json(dataset_of(wildcards)["prealignment"]),
    shell:
        "python {input.script:q} --samples {input.samples:q} --objects {input.objects:q}"
        " --settings {params.settings:q} --output {output.output:q} --table {output.table:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"


rule register_crops:
    """Every cell turned, flipped and, if asked, shifted onto one reference."""
    input:
        script=entry("register_crops"),
        samples="results/{dataset}/samples/crops.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        output=directory("results/{dataset}/samples/registered.zarr"),
        table="results/{dataset}/registered.parquet",
    log:
        "results/logs/register_crops/{dataset}.log",
    benchmark:
        "results/benchmarks/register_crops/{dataset}.jsonl"
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=memory(1500, 8, "samples"),
        runtime=minutes(20, 0.2, "samples"),
    params:
        code_digest=code_digest("register_crops"),
        # The first mean is of crops that are prealigned by the same foreground.
        settings=lambda wildcards: as_json(
            dataset_of(wildcards)["registration"]
            | {
                name: dataset_of(wildcards)["prealignment"][name]
                for name in ("foreground", "threshold")
            }
        ),
    shell:
        "python {input.script:q} --samples {input.samples:q} --objects {input.objects:q}"
        " --settings {params.settings:q} --output {output.output:q} --table {output.table:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"

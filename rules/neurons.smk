rule fetch_neurons:
    """Neurons that a package ships or a server holds, checked against the dataset card."""
    input:
        script=entry("fetch_neurons"),
        card=lambda wildcards: CARDS[wildcards.card],
    output:
        archive=ensure("results/sources/{card}.zip", non_empty=True),
        listed="results/sources/{card}.files.json",
        labels="results/sources/{card}.labels.parquet",
    log:
        "results/logs/fetch_neurons/{card}.log",
    benchmark:
        "results/benchmarks/fetch_neurons/{card}.jsonl"
    wildcard_constraints:
        card="(?!toy_)[a-z0-9_]+",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        code_digest=code_digest("fetch_neurons"),
    shell:
        "python {input.script:q} --card {input.card:q} --archive {output.archive:q}"
        " --labels {output.labels:q} &> {log:q}"


rule generate_neurons:
    """Generated populations of toy neurons, as SWC files with their labels."""
    input:
        script=entry("generate_neurons"),
    output:
        archive=ensure(
            "results/sources/toy_{toy}_n{number}_s{seed}.zip", non_empty=True
        ),
        listed="results/sources/toy_{toy}_n{number}_s{seed}.files.json",
        labels="results/sources/toy_{toy}_n{number}_s{seed}.labels.parquet",
    log:
        "results/logs/generate_neurons/{toy}_n{number}_s{seed}.log",
    benchmark:
        "results/benchmarks/generate_neurons/{toy}_n{number}_s{seed}.jsonl"
    wildcard_constraints:
        toy="[a-z_]+",
        number="[0-9]+",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code_digest=code_digest("generate_neurons"),
    shell:
        "python {input.script:q} --name {wildcards.toy} --per-population {wildcards.number}"
        " --seed {wildcards.seed} --archive {output.archive:q} --labels {output.labels:q}"
        " &> {log:q}"


rule read_neurons:
    """SWC files read, repaired, centred and listed: trees, object table and quality table."""
    input:
        script=entry("read_neurons"),
        archives=source_archives,
        files=lambda wildcards: NEURON_FILES[wildcards.dataset]["swc"],
        source_labels=lambda wildcards: [
            path.replace(".zip", ".labels.parquet")
            for path in source_archives(wildcards)
        ],
        labels=lambda wildcards: NEURON_FILES[wildcards.dataset]["labels"],
    output:
        trees=directory("results/{dataset}/trees.zarr"),
        swc=directory("results/{dataset}/swc"),
        objects="results/{dataset}/objects.parquet",
        quality="results/{dataset}/quality.parquet",
    log:
        "results/logs/read_neurons/{dataset}.log",
    benchmark:
        "results/benchmarks/read_neurons/{dataset}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: lambda wildcards: dataset_of(wildcards)["jobs"]
    resources:
        mem_mb=memory(1000, 6, "archives", "files"),
        runtime=minutes(20, 0.02, "archives", "files"),
    params:
        code_digest=code_digest("read_neurons"),
        sources=source_settings,
        settings=reading_settings,
    shell:
        "python {input.script:q} --sources {params.sources:q} --settings {params.settings:q}"
        " --source-labels {input.source_labels:q} --labels {input.labels:q}"
        " --trees {output.trees:q} --swc {output.swc:q} --objects {output.objects:q}"
        " --quality {output.quality:q} --jobs {threads} &> {log:q}"


rule sample_walks:
    """Random walks from the soma towards the tips of every neuron, and how much they reach."""
    input:
        script=entry("sample_walks"),
        trees="results/{dataset}/trees.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        samples=directory("results/{dataset}/samples/walks.zarr"),
        reach="results/{dataset}/walks.parquet",
    log:
        "results/logs/sample_walks/{dataset}.log",
    benchmark:
        "results/benchmarks/sample_walks/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 10, "trees"),
        runtime=minutes(10, 0.02, "trees"),
    params:
        code_digest=code_digest("sample_walks"),
        settings=lambda wildcards: as_json(walk_settings(wildcards)),
    shell:
        "python {input.script:q} --trees {input.trees:q} --objects {input.objects:q}"
        " --settings {params.settings:q} --samples {output.samples:q} --reach {output.reach:q}"
        " &> {log:q}"


rule map_densities:
    """Cable length per voxel around the soma of every neuron."""
    input:
        script=entry("map_densities"),
        trees="results/{dataset}/trees.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        samples=directory("results/{dataset}/samples/densities.zarr"),
    log:
        "results/logs/map_densities/{dataset}.log",
    benchmark:
        "results/benchmarks/map_densities/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 10, "trees"),
        runtime=minutes(10, 0.1, "trees"),
    params:
        code_digest=code_digest("map_densities"),
        settings=lambda wildcards: as_json(dataset_of(wildcards)["densities"]),
    shell:
        "python {input.script:q} --trees {input.trees:q} --objects {input.objects:q}"
        " --settings {params.settings:q} --samples {output.samples:q} &> {log:q}"


rule measure_morphometrics:
    """Morphometric features of every neuron: lengths, branching, angles, Sholl and Strahler."""
    input:
        script=entry("measure_morphometrics"),
        trees="results/{dataset}/trees.zarr",
    output:
        samples=directory("results/{dataset}/samples/morphometrics.zarr"),
    log:
        "results/logs/measure_morphometrics/{dataset}.log",
    benchmark:
        "results/benchmarks/measure_morphometrics/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 10, "trees"),
        runtime=minutes(10, 0.1, "trees"),
    params:
        code_digest=code_digest("measure_morphometrics"),
    shell:
        "python {input.script:q} --trees {input.trees:q} --samples {output.samples:q} &> {log:q}"


rule measure_barcodes:
    """Barcodes of every neuron: how far from the soma each branch begins and ends."""
    input:
        script=entry("measure_barcodes"),
        trees="results/{dataset}/trees.zarr",
    output:
        samples=directory("results/{dataset}/samples/barcodes.zarr"),
    log:
        "results/logs/measure_barcodes/{dataset}.log",
    benchmark:
        "results/benchmarks/measure_barcodes/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 10, "trees"),
        runtime=minutes(10, 0.1, "trees"),
    params:
        code_digest=code_digest("measure_barcodes"),
    shell:
        "python {input.script:q} --trees {input.trees:q} --samples {output.samples:q} &> {log:q}"


rule measure_sections:
    """Sections of every neuron: where each runs between soma, branch points and tips."""
    input:
        script=entry("measure_sections"),
        trees="results/{dataset}/trees.zarr",
    output:
        samples=directory("results/{dataset}/samples/sections.zarr"),
    log:
        "results/logs/measure_sections/{dataset}.log",
    benchmark:
        "results/benchmarks/measure_sections/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 10, "trees"),
        runtime=minutes(10, 0.1, "trees"),
    params:
        code_digest=code_digest("measure_sections"),
        resample_um=lambda wildcards: dataset_of(wildcards)["resample_um"],
    shell:
        "python {input.script:q} --trees {input.trees:q} --resample-um {params.resample_um:q}"
        " --samples {output.samples:q} &> {log:q}"


rule export_stacks:
    """Every neuron as an image stack: OME-TIFF files, and a table of their voxel sizes and places."""
    input:
        script=entry("export_stacks"),
        trees="results/{dataset}/trees.zarr",
    output:
        folder=directory("results/{dataset}/stacks"),
        table="results/{dataset}/stacks.parquet",
    log:
        "results/logs/export_stacks/{dataset}.log",
    benchmark:
        "results/benchmarks/export_stacks/{dataset}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000, 10, "trees"),
        runtime=minutes(60, 0.1, "trees"),
    params:
        code_digest=code_digest("export_stacks"),
        settings=lambda wildcards: as_json(dataset_of(wildcards)["stacks"]),
    shell:
        "python {input.script:q} --trees {input.trees:q} --settings {params.settings:q}"
        " --folder {output.folder:q} --table {output.table:q} &> {log:q}"


rule place_cable_points:
    """Points at even spacing along the cable of every neuron."""
    input:
        script=entry("place_cable_points"),
        trees="results/{dataset}/trees.zarr",
    output:
        samples=directory("results/{dataset}/samples/cable_points.zarr"),
    log:
        "results/logs/place_cable_points/{dataset}.log",
    benchmark:
        "results/benchmarks/place_cable_points/{dataset}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 10, "trees"),
        runtime=minutes(10, 0.1, "trees"),
    params:
        code_digest=code_digest("place_cable_points"),
        points=50,
    shell:
        "python {input.script:q} --trees {input.trees:q} --points {params.points:q}"
        " --samples {output.samples:q} &> {log:q}"


rule measure_neuron_distances:
    """Gromov-Wasserstein distances between all neurons; part of no target, since it needs POT."""
    input:
        script=entry("measure_neuron_distances"),
        points="results/{dataset}/samples/cable_points.zarr",
    output:
        table="results/{dataset}/neuron_distances.parquet",
    log:
        "results/logs/measure_neuron_distances/{dataset}.log",
    benchmark:
        "results/benchmarks/measure_neuron_distances/{dataset}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000, 10, "points"),
        runtime=minutes(240, 0.1, "points"),
    params:
        code_digest=code_digest("measure_neuron_distances"),
    shell:
        "python {input.script:q} --points {input.points:q} --output {output.table:q} &> {log:q}"

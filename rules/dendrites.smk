rule fetch_dendrites:
    """Images and movies that a server holds, checked against the dataset card."""
    input:
        script=entry("fetch_dendrites"),
        card=lambda wildcards: CARDS[wildcards.card],
    output:
        folder=directory("results/sources/{card}"),
    log:
        "results/logs/fetch_dendrites/{card}.log",
    benchmark:
        "results/benchmarks/fetch_dendrites/{card}.jsonl"
    wildcard_constraints:
        card="|".join(DENDRITE_CARDS) or "-",
    localrule: True
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(240),
    params:
        code_digest=code_digest("fetch_dendrites"),
    shell:
        "python {input.script:q} --card {input.card:q} --output {output.folder:q} &> {log:q}"


rule fetch_neuron_gan:
    """The weights that neuron-gan publishes, as a model, and images by it."""
    input:
        script=entry("fetch_neuron_gan"),
        card=os.path.relpath(WORKFLOW / "resources/cards/neuron_gan_weights.yaml"),
    output:
        folder=directory("results/sources/neuron_gan_weights"),
    log:
        "results/logs/fetch_neuron_gan.log",
    benchmark:
        "results/benchmarks/fetch_neuron_gan.jsonl"
    localrule: True
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        code_digest=code_digest("fetch_neuron_gan"),
        settings=lambda _: as_json(settings("progressive_gan", "faithful")),
    shell:
        "python {input.script:q} --card {input.card:q} --settings {params.settings:q}"
        " --output {output.folder:q} &> {log:q}"


rule simulate_dendrites:
    """Simulated arbors of class IV neurons: images, trees, and what is true of them."""
    input:
        script=entry("simulate_dendrites"),
    output:
        folder=directory("results/{dataset}/simulated/{part}"),
    log:
        "results/logs/simulate_dendrites/{dataset}/{part}.log",
    benchmark:
        "results/benchmarks/simulate_dendrites/{dataset}/{part}.jsonl"
    wildcard_constraints:
        dataset=DENDRITE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(120),
    params:
        code_digest=code_digest("simulate_dendrites"),
        settings=lambda wildcards: as_json(
            dataset_of(wildcards)["sources"][int(wildcards.part)]["simulated"]
        ),
    shell:
        "python {input.script:q} --settings {params.settings:q} --output {output.folder:q}"
        " &> {log:q}"


rule read_dendrites:
    """Images cut, scaled and listed: sample store with a pyramid, object and quality tables."""
    input:
        script=entry("read_dendrites"),
        simulated=simulated_folders,
        fetched=fetched_dendrites,
        files=lambda wildcards: DENDRITE_FILES[wildcards.dataset]["files"],
        labels=lambda wildcards: DENDRITE_FILES[wildcards.dataset]["labels"],
    output:
        samples=directory("results/{dataset}/samples/images.zarr"),
        objects="results/{dataset}/objects.parquet",
        quality="results/{dataset}/quality.parquet",
        similar="results/{dataset}/similar.parquet",
    log:
        "results/logs/read_dendrites/{dataset}.log",
    benchmark:
        "results/benchmarks/read_dendrites/{dataset}.jsonl"
    wildcard_constraints:
        dataset=DENDRITE_DATASETS,
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 5, "files"),
        runtime=minutes(30, 0.05, "files"),
    params:
        code_digest=code_digest("read_dendrites"),
        sources=dendrite_sources,
        settings=dendrite_settings,
    shell:
        "python {input.script:q} --sources {params.sources:q} --settings {params.settings:q}"
        " --labels {input.labels:q} --samples {output.samples:q} --objects {output.objects:q}"
        " --quality {output.quality:q} --similar {output.similar:q} &> {log:q}"


rule measure_arbors:
    """Length, branching, extent and density of the arbor in every image."""
    input:
        script=entry("measure_arbors"),
        samples="results/{dataset}/samples/images.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        table="results/{dataset}/arbors.parquet",
        features=directory("results/{dataset}/samples/arbor_statistics.zarr"),
    log:
        "results/logs/measure_arbors/{dataset}.log",
    benchmark:
        "results/benchmarks/measure_arbors/{dataset}.jsonl"
    wildcard_constraints:
        dataset=DENDRITE_DATASETS,
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 20, "samples"),
        runtime=minutes(20, 0.2, "samples"),
    params:
        code_digest=code_digest("measure_arbors"),
    shell:
        "python {input.script:q} --samples {input.samples:q} --objects {input.objects:q}"
        " --output {output.table:q} --features {output.features:q} &> {log:q}"

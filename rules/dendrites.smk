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
    # The longest training waits for it.
    priority: 1
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
    # The longest training waits for it.
    priority: 1
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
        trees="results/{dataset}/arbors.zip",
        listed="results/{dataset}/arbors.files.json",
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
        " --output {output.table:q} --features {output.features:q} --trees {output.trees:q}"
        " &> {log:q}"


rule fit_simulator:
    """Parameters of the simulator for each population of images, with trees to go with them."""
    input:
        script=entry("fit_simulator"),
        samples="results/{dataset}/samples/images.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        tables=multiext(
            "results/{dataset}/simulator/",
            "draws.parquet",
            "intervals.parquet",
            "differences.parquet",
            "checks.parquet",
        ),
        predicted=directory("results/{dataset}/simulator/predicted"),
    log:
        "results/logs/fit_simulator/{dataset}.log",
    benchmark:
        "results/benchmarks/fit_simulator/{dataset}.jsonl"
    wildcard_constraints:
        dataset="|".join(FITTED) or "-",
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(120),
    params:
        code_digest=code_digest("fit_simulator"),
        settings=lambda wildcards: as_json(dataset_of(wildcards)["fit_simulator"]),
        folder=subpath(output.predicted, parent=True),
    shell:
        "python {input.script:q} --samples {input.samples:q} --objects {input.objects:q}"
        " --settings {params.settings:q} --output {params.folder:q}"
        " --predicted {output.predicted:q} &> {log:q}"


rule draw_simulator_fit:
    """The parameters of each population, and real beside simulated images."""
    input:
        script=entry("draw_simulator_fit"),
        samples="results/{dataset}/samples/images.zarr",
        objects="results/{dataset}/objects.parquet",
        draws="results/{dataset}/simulator/draws.parquet",
        predicted="results/{dataset}/simulator/predicted",
    output:
        svg=report(
            "results/{dataset}/figures/simulator_fit.svg",
            caption="report/simulator_fit.rst",
            category="{dataset}",
            labels={"figure": "2 fitted simulator"},
        ),
        png="results/{dataset}/figures/simulator_fit.png",
        listed="results/{dataset}/figures/simulator_fit.files.json",
    log:
        "results/logs/draw_simulator_fit/{dataset}.log",
    benchmark:
        "results/benchmarks/draw_simulator_fit/{dataset}.jsonl"
    wildcard_constraints:
        dataset="|".join(FITTED) or "-",
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=minutes(10),
    params:
        code_digest=code_digest("draw_simulator_fit"),
    shell:
        "python {input.script:q} --samples {input.samples:q} --objects {input.objects:q}"
        " --draws {input.draws:q} --predicted {input.predicted:q} --svg {output.svg:q}"
        " --png {output.png:q} &> {log:q}"

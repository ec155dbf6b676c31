# Figures of neurons and of the walks on them.
rule plot_neurons_3d:
    """An example neuron of every class in space."""
    input:
        script="scripts/plot_neurons_3d.py",
        code=code("scripts/plot_neurons_3d.py"),
        trees="results/{dataset}/trees.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/neurons_3d.svg",
            caption="report/neurons_3d.rst",
            category="{dataset}",
            labels={"figure": "1 neurons in space"},
        ),
        png="results/{dataset}/figures/neurons_3d.png",
    log:
        "results/logs/plot_neurons_3d/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_neurons_3d/{dataset}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --trees {input.trees} --objects {input.objects}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_densities:
    """Where the cable of each class lies around the soma, and that of single neurons."""
    input:
        script="scripts/plot_densities.py",
        code=code("scripts/plot_densities.py"),
        densities="results/{dataset}/samples/densities.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/densities.svg",
            caption="report/densities.rst",
            category="{dataset}",
            labels={"figure": "2 density maps"},
        ),
        png="results/{dataset}/figures/densities.png",
    log:
        "results/logs/plot_densities/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_densities/{dataset}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --densities {input.densities} --objects {input.objects}"
        " --svg {output.svg} --png {output.png} &> {log}"


# A map of more shows no more, and takes long.
MOST_WALKS_ON_MAP = 2000


rule examine_walks:
    """Single walks seen by MorphVAE: drawn ones under noise, and a map of the latents of real ones."""
    input:
        script="scripts/examine_walks.py",
        code=model_code("scripts/examine_walks.py", WalkProbing),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples="results/{dataset}/samples/walks.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        probes="results/{dataset}/{model}/{variant}/seed{seed}/kappa_probes.parquet",
        walks="results/{dataset}/{model}/{variant}/seed{seed}/walk_map.parquet",
    log:
        "results/logs/examine_walks/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/examine_walks/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
        model=able("probing_walks"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        most=MOST_WALKS_ON_MAP,
    shell:
        "python {input.script} --model {input.model} --samples {input.samples}"
        " --objects {input.objects} --most {params.most} --seed {wildcards.seed}"
        " --probes {output.probes} --walks {output.walks} --gpus {resources.gpu}"
        " --threads {threads} &> {log}"


rule plot_walk_latents:
    """Walks of known shape under noise, and a map of walks by length, direction and type."""
    input:
        script="scripts/plot_walk_latents.py",
        code=code("scripts/plot_walk_latents.py"),
        probes="results/{dataset}/{model}/{variant}/seed{seed}/kappa_probes.parquet",
        walks="results/{dataset}/{model}/{variant}/seed{seed}/walk_map.parquet",
    output:
        kappa_probes=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/kappa_probes.svg",
            caption="report/kappa_probes.rst",
            category="{dataset}",
            labels={
                "figure": "walks under noise",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        walk_map=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/walk_map.svg",
            caption="report/walk_map.rst",
            category="{dataset}",
            labels={
                "figure": "map of walks",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png=[
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/kappa_probes.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/walk_map.png",
        ],
    log:
        "results/logs/plot_walk_latents/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_walk_latents/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        folder=subpath(output.kappa_probes, parent=True),
    shell:
        "python {input.script} --probes {input.probes} --walks {input.walks}"
        " --folder {params.folder} &> {log}"

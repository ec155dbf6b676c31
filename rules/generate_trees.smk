# New neurons by the models that make them, how real they are, and what single walks show.

# A map of more shows no more, and takes long.
MOST_WALKS_ON_MAP = 2000


rule generate_trees:
    """New neurons of every class."""
    input:
        script=entry("generate_trees"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        trees=directory(
            "results/{dataset}/{model}/{variant}/seed{seed}/generated_trees.zarr"
        ),
        folder=directory(
            "results/{dataset}/{model}/{variant}/seed{seed}/generated_trees"
        ),
        table="results/{dataset}/{model}/{variant}/seed{seed}/generated_trees.parquet",
    log:
        "results/logs/generate_trees/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/generate_trees/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
        model=able("making_trees"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(1500, 10, "samples"),
        runtime=minutes(60, 0.1, "samples"),
    params:
        code_digest=tree_digest,
        settings=lambda wildcards: as_json(dataset_of(wildcards)["generated"]),
    shell:
        "python {input.script:q} --model {input.model:q} --samples {input.samples:q}"
        " --objects {input.objects:q} --settings {params.settings:q} --output {output.trees:q}"
        " --folder {output.folder:q} --table {output.table:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"


rule probe_walks:
    """Walks of known shape as a model decodes them, and a map of the walks of held-out neurons."""
    input:
        script=entry("probe_walks"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        probes="results/{dataset}/{model}/{variant}/seed{seed}/kappa_probes.parquet",
        walks="results/{dataset}/{model}/{variant}/seed{seed}/walk_map.parquet",
    log:
        "results/logs/probe_walks/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/probe_walks/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
        model=able("probing_walks"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(1500, 10, "samples"),
        runtime=minutes(30, 0.1, "samples"),
    params:
        code_digest=walk_digest,
        most=MOST_WALKS_ON_MAP,
    shell:
        "python {input.script:q} --model {input.model:q} --samples {input.samples:q}"
        " --objects {input.objects:q} --most {params.most:q} --seed {wildcards.seed}"
        " --probes {output.probes:q} --walks {output.walks:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"


rule measure_tree_realism:
    """How far generated neurons are from real ones that were held out, beside real ones to each other."""
    input:
        script=entry("measure_tree_realism"),
        trees="results/{dataset}/trees.zarr",
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
        generated="results/{dataset}/{model}/{variant}/seed{seed}/generated_trees.zarr",
        origins="results/{dataset}/{model}/{variant}/seed{seed}/generated_trees.parquet",
    output:
        realism="results/{dataset}/{model}/{variant}/seed{seed}/tree_realism.parquet",
        scores="results/{dataset}/{model}/{variant}/seed{seed}/tree_realism_scores.parquet",
    log:
        "results/logs/measure_tree_realism/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_tree_realism/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
        model=able("making_trees"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 10, "trees", "generated"),
        runtime=minutes(30, 0.2, "trees", "generated"),
    params:
        code_digest=code_digest("measure_tree_realism"),
        settings=lambda wildcards: as_json(
            {"bootstraps": dataset_of(wildcards)["generated"]["bootstraps"]}
        ),
    shell:
        "python {input.script:q} --trees {input.trees:q} --samples {input.samples:q}"
        " --objects {input.objects:q} --generated {input.generated:q} --origins {input.origins:q}"
        " --settings {params.settings:q} --seed {wildcards.seed} --dataset {wildcards.dataset}"
        " --model {wildcards.model} --variant {wildcards.variant}"
        " --realism {output.realism:q} --scores {output.scores:q} &> {log:q}"

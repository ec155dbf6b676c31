# New neurons from the walks that MorphVAE learned, and how real they are.
rule generate_trees:
    """New neurons of every class, rebuilt from decoded walks: trees, SWC files, where each is from."""
    input:
        script="scripts/generate_trees.py",
        code=model_code("scripts/generate_trees.py", TreeMaking),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples="results/{dataset}/samples/walks.zarr",
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
        gpu=1,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=lambda wildcards: as_json(dataset_of(wildcards)["generated"]),
    shell:
        "python {input.script} --model {input.model} --samples {input.samples}"
        " --objects {input.objects} --settings {params.settings:q} --output {output.trees}"
        " --folder {output.folder} --table {output.table} --gpus {resources.gpu}"
        " --threads {threads} &> {log}"


rule measure_tree_realism:
    """How far generated neurons are from real ones that were held out, beside real ones to each other."""
    input:
        script="scripts/measure_tree_realism.py",
        code=code("scripts/measure_tree_realism.py"),
        trees="results/{dataset}/trees.zarr",
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
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=lambda wildcards: as_json(
            {"bootstraps": dataset_of(wildcards)["generated"]["bootstraps"]}
        ),
    shell:
        "python {input.script} --trees {input.trees} --objects {input.objects}"
        " --generated {input.generated} --origins {input.origins}"
        " --settings {params.settings:q} --seed {wildcards.seed} --dataset {wildcards.dataset}"
        " --model {wildcards.model} --variant {wildcards.variant}"
        " --realism {output.realism} --scores {output.scores} &> {log}"


rule plot_generated_neurons:
    """Generated neurons of every class beside real ones that were held out."""
    input:
        script="scripts/plot_generated_neurons.py",
        code=code("scripts/plot_generated_neurons.py"),
        trees="results/{dataset}/trees.zarr",
        objects="results/{dataset}/objects.parquet",
        generated="results/{dataset}/{model}/{variant}/seed{seed}/generated_trees.zarr",
        origins="results/{dataset}/{model}/{variant}/seed{seed}/generated_trees.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/generated_neurons.svg",
            caption="report/generated_neurons.rst",
            category="{dataset}",
            labels={
                "figure": "generated neurons",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/generated_neurons.png",
    log:
        "results/logs/plot_generated_neurons/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_generated_neurons/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=NEURON_DATASETS,
        model=able("making_trees"),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --trees {input.trees} --objects {input.objects}"
        " --generated {input.generated} --origins {input.origins}"
        " --svg {output.svg} --png {output.png} &> {log}"

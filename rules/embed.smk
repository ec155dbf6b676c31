rule embed:
    """Every object as a vector, joined with its row of the object table."""
    input:
        script="scripts/embed.py",
        code=model_code("scripts/embed.py"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        embedding=ensure(
            "results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
            non_empty=True,
        ),
    log:
        "results/logs/embed/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/embed/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model="|".join(TRAINED + BASELINES),
    conda:
        "../envs/training.yaml"
    # One, so that it is never capped: sums on a CPU are grouped by thread, and results must not
    # depend on the cores of a machine. These networks gain nothing from more.
    threads: 1
    resources:
        gpu=lambda wildcards: int(MODELS[wildcards.model]["trained"]),
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        uncertainty=uncertainty,
        size_joined=size_joined,
    shell:
        "python {input.script} --model {input.model} --samples {input.samples}"
        " --objects {input.objects} --output {output.embedding} --uncertainty {params.uncertainty}"
        " --size-joined {params.size_joined} --gpus {resources.gpu} --threads {threads} &> {log}"


rule combine_embeddings:
    """The embeddings of several models side by side, each with its weight."""
    input:
        script="scripts/combine_embeddings.py",
        code=code("scripts/combine_embeddings.py"),
        embeddings=lambda wildcards: [
            f"results/{wildcards.dataset}/{member}/seed{wildcards.seed}/embedding.h5ad"
            for member in members_of(wildcards)
        ],
    output:
        embedding=ensure(
            "results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
            non_empty=True,
        ),
    log:
        "results/logs/combine_embeddings/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/combine_embeddings/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=COMBINATION,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        weights=lambda wildcards: as_json(
            list(config["combinations"][wildcards.variant].values())
        ),
    shell:
        "python {input.script} --embeddings {input.embeddings} --weights {params.weights:q}"
        " --seed {wildcards.seed} --output {output.embedding} &> {log}"

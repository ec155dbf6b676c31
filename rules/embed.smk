rule embed:
    """Every object as a vector, joined with its row of the object table."""
    input:
        script=entry("embed"),
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
        model=NOT_DECODING,
    conda:
        "../envs/training.yaml"
    # One, so that it is never capped: sums on a CPU are grouped by thread, and results must not
    # depend on the cores of a machine. These networks gain nothing from more.
    threads: 1
    resources:
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(1500, 2, "samples"),
        runtime=minutes(20, 0.1, "samples"),
    params:
        code_digest=model_digest("embed"),
        uncertainty=uncertainty,
        size_joined=size_joined,
    shell:
        "python {input.script:q} --model {input.model:q} --samples {input.samples:q}"
        " --objects {input.objects:q} --output {output.embedding:q}"
        " --uncertainty {params.uncertainty:q}"
        " --size-joined {params.size_joined:q} --gpus {resources.gpu} --threads {threads}"
        " &> {log:q}"


rule embed_and_decode:
    """The same by a model with a decoder, with reconstructions, traversals and interpolations."""
    input:
        script=entry("embed_and_decode"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        embedding=ensure(
            "results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
            non_empty=True,
        ),
        shapes=directory("results/{dataset}/{model}/{variant}/seed{seed}/shapes.zarr"),
    log:
        "results/logs/embed_and_decode/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/embed_and_decode/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("decoding"),
    conda:
        "../envs/training.yaml"
    # One, so that it is never capped: sums on a CPU are grouped by thread, and results must not
    # depend on the cores of a machine. These networks gain nothing from more.
    threads: 1
    resources:
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(1500, 4, "samples"),
        runtime=minutes(20, 0.2, "samples"),
    params:
        code_digest=model_digest("embed_and_decode"),
        uncertainty=uncertainty,
        size_joined=size_joined,
    shell:
        "python {input.script:q} --model {input.model:q} --samples {input.samples:q}"
        " --objects {input.objects:q} --output {output.embedding:q}"
        " --shapes {output.shapes:q} --uncertainty {params.uncertainty:q}"
        " --size-joined {params.size_joined:q} --gpus {resources.gpu} --threads {threads}"
        " &> {log:q}"


rule combine_embeddings:
    """The embeddings of models side by side, each with its weight, maybe with batches mixed."""
    input:
        script=entry("combine_embeddings"),
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
        mem_mb=memory(1000, 6, "embeddings"),
        runtime=minutes(10, 0.05, "embeddings"),
    params:
        code_digest=code_digest("combine_embeddings"),
        settings=lambda wildcards: as_json(
            {
                "weights": list(
                    weights_of(config["combinations"][wildcards.variant]).items()
                ),
                "correct_for": config["combinations"][wildcards.variant].get(
                    CORRECT_FOR
                ),
            }
        ),
    shell:
        "python {input.script:q} --embeddings {input.embeddings:q} --settings {params.settings:q}"
        " --seed {wildcards.seed} --output {output.embedding:q} &> {log:q}"

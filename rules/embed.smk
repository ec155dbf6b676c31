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
        size_joined=size_joined,
    shell:
        "python {input.script} --model {input.model} --samples {input.samples}"
        " --objects {input.objects} --output {output.embedding} --size-joined {params.size_joined} --gpus {resources.gpu}"
        " --threads {threads} &> {log}"

# Where an interrupted training leaves its checkpoint. It is no output, since Snakemake deletes the
# outputs of a failed job; its folder's name is a digest of everything the training depends on.
CHECKPOINTS = "results/checkpoints"


rule train:
    """A model trained on the samples; an interrupted training goes on where it stopped."""
    input:
        script=entry("train"),
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
        start_from=starting_model,
    output:
        model=ensure(
            "results/{dataset}/{model}/{variant}/seed{seed}/model.pt", non_empty=True
        ),
        history="results/{dataset}/{model}/{variant}/seed{seed}/history.parquet",
    log:
        "results/logs/train/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model="|".join(TRAINED),
    # Trainings take longest; one that is ready goes first, so that none is left for the end.
    priority: 1
    conda:
        "../envs/training.yaml"
    # One, so that it is never capped: sums on a CPU are grouped by thread, and results must not
    # depend on the cores of a machine. These networks gain nothing from more.
    threads: 1
    resources:
        gpu=training_gpus,
        gpu_model=model_of_gpu(training_gpus),
        mem_mb=memory(memory_of_step, 3, "samples", most=most_of_samples),
        runtime=minutes(minutes_besides, 0.03, "samples", times=epochs),
    params:
        code_digest=model_digest("train"),
        code=lambda wildcards: MODELS[wildcards.model]["code"],
        settings=model_settings,
        checkpoints=CHECKPOINTS,
        tensorboard="results/logs/tensorboard/{dataset}/{model}/{variant}/seed{seed}",
    shell:
        "python {input.script:q} --model {wildcards.model} --code {params.code:q}"
        " --settings {params.settings:q}"
        " --seed {wildcards.seed} --samples {input.samples:q} --objects {input.objects:q}"
        " --output {output.model:q} --history {output.history:q}"
        " --checkpoints {params.checkpoints:q}"
        " --tensorboard {params.tensorboard:q} --start-from {input.start_from:q}"
        " --gpus {resources.gpu}"
        " --threads {threads} &> {log:q}"


rule fit:
    """A baseline: scaling and projection fitted to the training split, and the embedding by them."""
    input:
        script=entry("fit"),
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        model=ensure(
            "results/{dataset}/{model}/{variant}/seed{seed}/model.pt", non_empty=True
        ),
        embedding=ensure(
            "results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
            non_empty=True,
        ),
    log:
        "results/logs/fit/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/fit/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model="|".join(BASELINES),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 12, "samples"),
        runtime=minutes(20, 0.05, "samples"),
    params:
        code_digest=model_digest("fit"),
        code=lambda wildcards: MODELS[wildcards.model]["code"],
        settings=model_settings,
        uncertainty=uncertainty,
        size_joined=size_joined,
    shell:
        "python {input.script:q} --model {wildcards.model} --code {params.code:q}"
        " --settings {params.settings:q}"
        " --seed {wildcards.seed} --samples {input.samples:q} --objects {input.objects:q}"
        " --output {output.model:q} --embedding {output.embedding:q}"
        " --uncertainty {params.uncertainty:q} --size-joined {params.size_joined:q}"
        " --threads {threads} &> {log:q}"

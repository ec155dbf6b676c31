# Models that see labels, judged on all objects and not on those of the test split alone.


rule retrain_in_folds:
    """A model trained anew without each fold of the objects, which it then predicts."""
    input:
        script=entry("retrain_in_folds"),
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        predictions="results/{dataset}/{model}/{variant}/seed{seed}/retrained.parquet",
        scores="results/{dataset}/{model}/{variant}/seed{seed}/retrained_scores.parquet",
    log:
        "results/logs/retrain_in_folds/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/retrain_in_folds/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model="|".join(TRAINED),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=training_gpus,
        gpu_model=model_of_gpu(training_gpus),
        mem_mb=memory(memory_of_step, 3, "samples", most=most_of_samples),
        runtime=minutes(minutes_besides, 0.15, "samples", times=epochs),
    params:
        code_digest=model_digest("retrain_in_folds"),
        code=lambda wildcards: MODELS[wildcards.model]["code"],
        settings=model_settings,
        analysis=as_json(
            {key: config["cross_validation"][key] for key in ("folds", "bootstraps")}
        ),
        checkpoints=CHECKPOINTS,
    shell:
        "python {input.script:q} --dataset {wildcards.dataset} --model {wildcards.model}"
        " --variant {wildcards.variant} --code {params.code:q} --settings {params.settings:q}"
        " --analysis {params.analysis:q} --seed {wildcards.seed} --samples {input.samples:q}"
        " --objects {input.objects:q} --predictions {output.predictions:q}"
        " --scores {output.scores:q} --checkpoints {params.checkpoints:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"

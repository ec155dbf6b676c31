# Whatever asks a fitted model of images for more than an embedding.
rule decode_shapes:
    """Reconstructions, traversals and interpolations by a model's decoder."""
    input:
        script="scripts/decode_shapes.py",
        code=model_code("scripts/decode_shapes.py"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples=model_samples,
        embedding="results/{dataset}/{model}/{variant}/seed{seed}/embedding.h5ad",
    output:
        shapes=directory("results/{dataset}/{model}/{variant}/seed{seed}/shapes.zarr"),
    log:
        "results/logs/decode_shapes/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/decode_shapes/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("decoding"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    shell:
        "python {input.script} --model {input.model} --samples {input.samples}"
        " --embedding {input.embedding} --output {output.shapes} --gpus {resources.gpu}"
        " --threads {threads} &> {log}"


rule measure_invariance:
    """How far turns and flips of the test cells move their embedding."""
    input:
        script="scripts/measure_invariance.py",
        code=model_code("scripts/measure_invariance.py"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        invariance="results/{dataset}/{model}/{variant}/seed{seed}/invariance.parquet",
        scores="results/{dataset}/{model}/{variant}/seed{seed}/invariance_scores.parquet",
    log:
        "results/logs/measure_invariance/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_invariance/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("turnable"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    shell:
        "python {input.script} --model {input.model} --samples {input.samples}"
        " --objects {input.objects} --seed {wildcards.seed} --dataset {wildcards.dataset} --variant {wildcards.variant}"
        " --output {output.invariance} --scores {output.scores} --gpus {resources.gpu}"
        " --threads {threads} &> {log}"

# How far the embedding of an image moves as it is turned.
rule measure_invariance:
    """How far turns and flips of the test cells move their embedding."""
    input:
        script=entry("measure_invariance"),
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
        mem_mb=memory(1500, 6, "samples"),
        runtime=minutes(20, 0.5, "samples"),
    params:
        code_digest=model_digest("measure_invariance"),
    shell:
        "python {input.script:q} --model {input.model:q} --samples {input.samples:q}"
        " --objects {input.objects:q} --seed {wildcards.seed} --dataset {wildcards.dataset}"
        " --variant {wildcards.variant}"
        " --output {output.invariance:q} --scores {output.scores:q} --gpus {resources.gpu}"
        " --threads {threads} &> {log:q}"

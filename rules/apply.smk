# Models of one dataset used on another.
rule apply_model:
    """A dataset by a model of another: where its objects lie among those, and how far outside."""
    input:
        script=entry("apply_model"),
        model="results/{trained}/{model}/{variant}/seed{seed}/model.pt",
        known="results/{trained}/{model}/{variant}/seed{seed}/embedding.h5ad",
        clusters="results/{trained}/{model}/{variant}/seed{seed}/clusters.parquet",
        maps="results/{trained}/{model}/{variant}/seed{seed}/maps.parquet",
        trained=lambda wildcards: f"results/{wildcards.trained}/samples/"
        f"{MODELS[wildcards.model]['form']}.zarr",
        samples=model_samples,
        objects="results/{dataset}/objects.parquet",
    output:
        embedding="results/{dataset}/applied/{trained}/{model}/{variant}/seed{seed}/embedding.h5ad",
        placed="results/{dataset}/applied/{trained}/{model}/{variant}/seed{seed}/placed.parquet",
    log:
        "results/logs/apply_model/{dataset}/{trained}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/apply_model/{dataset}/{trained}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        trained="|".join(DATASETS),
    conda:
        "../envs/training.yaml"
    # One, as when embedding: results must not depend on the cores of a machine.
    threads: 1
    resources:
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(2000, 2, "samples", "known"),
        runtime=minutes(30, 0.1, "samples"),
    params:
        code_digest=model_digest("apply_model"),
        uncertainty=uncertainty,
        size_joined=lambda wildcards: as_json(
            bool(
                config[DATASETS[wildcards.trained]][wildcards.trained].get(
                    "join_scale"
                )
            )
        ),
    shell:
        "python {input.script:q} --model {input.model:q} --known {input.known:q}"
        " --clusters {input.clusters:q} --maps {input.maps:q} --trained {input.trained:q}"
        " --samples {input.samples:q} --objects {input.objects:q}"
        " --uncertainty {params.uncertainty:q} --size-joined {params.size_joined:q}"
        " --embedding {output.embedding:q} --placed {output.placed:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"


rule export_model:
    """The encoder of a model as a file that torch runs without this project."""
    input:
        script=entry("export_model"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
        samples=model_samples,
    output:
        encoder="results/{dataset}/{model}/{variant}/seed{seed}/encoder.pt2",
        listed="results/{dataset}/{model}/{variant}/seed{seed}/encoder.files.json",
    log:
        "results/logs/export_model/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/export_model/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("exportable"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=minutes(20),
    params:
        code_digest=model_digest("export_model"),
    shell:
        "python {input.script:q} --model {input.model:q} --samples {input.samples:q}"
        " --output {output.encoder:q} &> {log:q}"

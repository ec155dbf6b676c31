# Label volumes of organelles by cluster.
rule write_masks:
    """The label volume with the number of its cluster for each object."""
    input:
        script=entry("write_masks"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
    output:
        folder=directory("results/{dataset}/{model}/{variant}/seed{seed}/masks"),
    log:
        "results/logs/write_masks/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/write_masks/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 6, "objects"),
        runtime=minutes(60, 1e-4, "volumes"),
    params:
        code_digest=code_digest("write_masks"),
        source=organelle_source,
        fingerprint=organelle_fingerprint,
        settings=lambda wildcards: as_json(dataset_of(wildcards)["masks"]),
    shell:
        "python {input.script:q} --source {params.source:q} --sources null --objects {input.objects:q}"
        " --clusters {input.clusters:q} --settings {params.settings:q}"
        " --output {output.folder:q} &> {log:q}"


rule write_masks_of_sources:
    """The same of each of a dataset's volumes, in a folder of its name."""
    input:
        script=entry("write_masks"),
        volumes=volumes_of_sources,
        objects="results/{dataset}/objects.parquet",
        clusters="results/{dataset}/{model}/{variant}/seed{seed}/clusters.parquet",
    output:
        folder=directory("results/{dataset}/{model}/{variant}/seed{seed}/masks"),
    log:
        "results/logs/write_masks_of_sources/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/write_masks_of_sources/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        dataset=SEVERAL_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 6, "objects"),
        runtime=minutes(60, 1e-4, "volumes"),
    params:
        code_digest=code_digest("write_masks"),
        source=lambda wildcards: as_json(
            by_source(wildcards, organelle_source, json.loads)
        ),
        fingerprint=lambda wildcards: as_json(
            by_source(wildcards, organelle_fingerprint)
        ),
        settings=lambda wildcards: as_json(dataset_of(wildcards)["masks"]),
    shell:
        "python {input.script:q} --source null --sources {params.source:q} --objects {input.objects:q}"
        " --clusters {input.clusters:q} --settings {params.settings:q}"
        " --output {output.folder:q} &> {log:q}"

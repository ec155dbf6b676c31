rule generate_phantom:
    """An EM volume with organelles of known shapes, and what is true of them."""
    input:
        script=entry("generate_phantom"),
    output:
        folder=directory("results/{dataset}/phantom"),
    log:
        "results/logs/generate_phantom/{dataset}.log",
    benchmark:
        "results/benchmarks/generate_phantom/{dataset}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=minutes(60),
    params:
        code_digest=code_digest("generate_phantom"),
        settings=lambda wildcards: as_json(dataset_of(wildcards)["phantom"]),
    shell:
        "python {input.script:q} --settings {params.settings:q} --output {output.folder:q}"
        " &> {log:q}"


rule find_instances:
    """The labels in which every object is connected: the parts of a semantic mask, or of ids in pieces."""
    input:
        script=entry("find_instances"),
        volumes=organelle_volumes_as_given,
    output:
        labels=directory("results/{dataset}/instances.zarr"),
    log:
        "results/logs/find_instances/{dataset}.log",
    benchmark:
        "results/benchmarks/find_instances/{dataset}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60, 1e-4, "volumes"),
    params:
        code_digest=code_digest("find_instances"),
        source=organelle_source_as_given,
        fingerprint=organelle_fingerprint,
        by=instances_by,
    shell:
        "python {input.script:q} --source {params.source:q} --by {params.by:q}"
        " --output {output.labels:q} &> {log:q}"


rule count_blocks:
    """Sums over the voxels of each object in a share of the volume's blocks, and where objects touch."""
    input:
        script=entry("count_blocks"),
        volumes=organelle_volumes,
    output:
        counts="results/{dataset}/parts/{part}of{parts}/counts.parquet",
        contacts="results/{dataset}/parts/{part}of{parts}/contacts.parquet",
    log:
        "results/logs/count_blocks/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/count_blocks/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60, 4e-5, "volumes", times=share),
    params:
        code_digest=code_digest("count_blocks"),
        source=organelle_source,
        fingerprint=organelle_fingerprint,
        block=organelle_block,
    shell:
        "python {input.script:q} --source {params.source:q} --block {params.block:q}"
        " --part {wildcards.part} --parts {wildcards.parts}"
        " --counts {output.counts:q} --contacts {output.contacts:q} &> {log:q}"


rule merge_counts:
    """The object table of a volume: place, extent, axes and intensity of each object, and its split.

    A volume that one job is to count is counted here.
    """
    input:
        script=entry("merge_counts"),
        volumes=organelle_volumes,
        counts=of_several_parts("counts.parquet"),
        contacts=of_several_parts("contacts.parquet"),
        classes=own_classes,
    output:
        objects="results/{dataset}/objects.parquet",
        contact_table="results/{dataset}/contacts.parquet",
        quality="results/{dataset}/parts/quality.parquet",
    log:
        "results/logs/merge_counts/{dataset}.log",
    benchmark:
        "results/benchmarks/merge_counts/{dataset}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 12, "counts", "contacts"),
        runtime=minutes(60, 4e-5, "volumes"),
    params:
        code_digest=code_digest("merge_counts"),
        source=organelle_source,
        fingerprint=organelle_fingerprint,
        block=organelle_block,
        classes=organelle_classes,
        settings=organelle_settings(
            "split",
            "label_column",
            "group_column",
            "on_bad_input",
            "min_voxels",
            "border",
            "part",
            "class",
            "group",
        ),
    shell:
        "python {input.script:q} --source {params.source:q} --block {params.block:q}"
        " --settings {params.settings:q}"
        " --counts {input.counts:q} --contacts {input.contacts:q} --labels {params.classes:q}"
        " --objects {output.objects:q} --contacts-table {output.contact_table:q}"
        " --quality {output.quality:q} &> {log:q}"


rule measure_objects:
    """Surface, skeleton and form of the objects in a share of the volume."""
    input:
        script=entry("measure_objects"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
    output:
        measures="results/{dataset}/parts/{part}of{parts}/measures.parquet",
    log:
        "results/logs/measure_objects/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/measure_objects/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 6, "objects"),
        runtime=minutes(60, 8, "objects", times=share),
    params:
        code_digest=code_digest("measure_objects"),
        source=organelle_source,
        fingerprint=organelle_fingerprint,
        legacy=lambda wildcards: as_json(dataset_of(wildcards)["legacy_measures"]),
    shell:
        "python {input.script:q} --source {params.source:q} --objects {input.objects:q}"
        " --part {wildcards.part} --parts {wildcards.parts} --legacy {params.legacy:q}"
        " --output {output.measures:q} &> {log:q}"


rule merge_measures:
    """All measures of the objects, who lies beside whom, and how densely.

    Those of a volume that one job is to measure are measured here.
    """
    input:
        script=entry("merge_measures"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
        contacts="results/{dataset}/contacts.parquet",
        counted="results/{dataset}/parts/quality.parquet",
        measures=of_several_parts("measures.parquet"),
    output:
        shapes="results/{dataset}/shapes.parquet",
        density="results/{dataset}/density.parquet",
        quality="results/{dataset}/quality.parquet",
        features=directory("results/{dataset}/samples/features.zarr"),
    log:
        "results/logs/merge_measures/{dataset}.log",
    benchmark:
        "results/benchmarks/merge_measures/{dataset}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 12, "objects", "contacts", "measures"),
        runtime=minutes(60, 8, "objects"),
    params:
        code_digest=code_digest("merge_measures"),
        source=organelle_source,
        fingerprint=organelle_fingerprint,
        settings=organelle_settings("neighbour_radius_um", "density_cell_um", "border"),
        legacy=lambda wildcards: as_json(dataset_of(wildcards)["legacy_measures"]),
    shell:
        "python {input.script:q} --source {params.source:q} --objects {input.objects:q}"
        " --contacts {input.contacts:q} --measures {input.measures:q}"
        " --counted {input.counted:q} --quality {output.quality:q}"
        " --settings {params.settings:q} --legacy {params.legacy:q} --shapes {output.shapes:q}"
        " --density {output.density:q} --features {output.features:q} &> {log:q}"

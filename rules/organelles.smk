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


rule cut_volumes:
    """The objects in a share of the volume, each whole in a cube of isotropic voxels."""
    input:
        script=entry("cut_volumes"),
        volumes=organelle_volumes,
        objects=posed_objects,
    output:
        samples=temp(directory("results/{dataset}/parts/{part}of{parts}/volumes.zarr")),
    log:
        "results/logs/cut_volumes/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/cut_volumes/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 6, "objects"),
        runtime=minutes(60, 4, "objects", times=share),
    params:
        code_digest=code_digest("cut_volumes"),
        source=organelle_source,
        fingerprint=organelle_fingerprint,
        pose=lambda wildcards: dataset_of(wildcards)["pose"],
        settings=lambda wildcards: as_json(dataset_of(wildcards)["volumes"]),
    shell:
        "python {input.script:q} --source {params.source:q} --objects {input.objects:q}"
        " --settings {params.settings:q} --pose {params.pose:q}"
        " --part {wildcards.part} --parts {wildcards.parts}"
        " --output {output.samples:q} &> {log:q}"


rule sample_points:
    """Points on the surfaces of the objects in a share of the volume."""
    input:
        script=entry("sample_points"),
        volumes=organelle_volumes,
        objects=posed_objects,
    output:
        samples=temp(directory("results/{dataset}/parts/{part}of{parts}/points.zarr")),
    log:
        "results/logs/sample_points/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/sample_points/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, 6, "objects"),
        runtime=minutes(60, 4, "objects", times=share),
    params:
        code_digest=code_digest("sample_points"),
        source=organelle_source,
        fingerprint=organelle_fingerprint,
        pose=lambda wildcards: dataset_of(wildcards)["pose"],
        settings=lambda wildcards: as_json(dataset_of(wildcards)["points"]),
    shell:
        "python {input.script:q} --source {params.source:q} --objects {input.objects:q}"
        " --settings {params.settings:q} --pose {params.pose:q}"
        " --part {wildcards.part} --parts {wildcards.parts}"
        " --output {output.samples:q} &> {log:q}"


rule join_samples:
    """The samples of all jobs in one store, in the order of the object table."""
    input:
        script=entry("join_samples"),
        objects="results/{dataset}/objects.parquet",
        parts=lambda wildcards: of_parts(f"{wildcards.form}.zarr")(wildcards),
    output:
        samples=directory("results/{dataset}/samples/{form}.zarr"),
    log:
        "results/logs/join_samples/{dataset}/{form}.log",
    benchmark:
        "results/benchmarks/join_samples/{dataset}/{form}.jsonl"
    wildcard_constraints:
        dataset=SINGLE_VOLUMES,
        form="volumes|points",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 0.5, "parts"),
        runtime=minutes(20, 0.01, "parts"),
    params:
        code_digest=code_digest("join_samples"),
    shell:
        "python {input.script:q} --objects {input.objects:q} --parts {input.parts:q} --names"
        " --output {output.samples:q} &> {log:q}"


rule join_sources:
    """The object table of a dataset of several volumes, with all measures of the objects."""
    input:
        script=entry("join_sources"),
        objects=of_sources("objects.parquet"),
        contacts=of_sources("contacts.parquet"),
        quality=of_sources("quality.parquet"),
        shapes=of_sources("shapes.parquet"),
        density=of_sources("density.parquet"),
    output:
        objects="results/{dataset}/objects.parquet",
        contacts="results/{dataset}/contacts.parquet",
        quality="results/{dataset}/quality.parquet",
        shapes="results/{dataset}/shapes.parquet",
        density="results/{dataset}/density.parquet",
        features=directory("results/{dataset}/samples/features.zarr"),
    log:
        "results/logs/join_sources/{dataset}.log",
    benchmark:
        "results/benchmarks/join_sources/{dataset}.jsonl"
    wildcard_constraints:
        dataset=SEVERAL_VOLUMES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 12, "objects", "contacts", "shapes"),
        runtime=minutes(20),
    params:
        code_digest=code_digest("join_sources"),
        names=names_of_sources,
        folder=subpath(output.objects, parent=True),
        settings=organelle_settings("split", "split_by", "on_bad_input"),
    shell:
        "python {input.script:q} --names {params.names:q} --objects {input.objects:q}"
        " --contacts {input.contacts:q} --quality {input.quality:q} --shapes {input.shapes:q}"
        " --density {input.density:q} --settings {params.settings:q}"
        " --folder {params.folder:q} --features {output.features:q} &> {log:q}"


rule join_samples_of_sources:
    """The samples of all sources of a dataset in one store, in the order of the object table."""
    input:
        script=entry("join_samples"),
        objects="results/{dataset}/objects.parquet",
        parts=lambda wildcards: of_sources(f"samples/{wildcards.form}.zarr")(wildcards),
    output:
        samples=directory("results/{dataset}/samples/{form}.zarr"),
    log:
        "results/logs/join_samples_of_sources/{dataset}/{form}.log",
    benchmark:
        "results/benchmarks/join_samples_of_sources/{dataset}/{form}.jsonl"
    wildcard_constraints:
        dataset=SEVERAL_VOLUMES,
        form="volumes|points",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 0.5, "parts"),
        runtime=minutes(20, 0.01, "parts"),
    params:
        code_digest=code_digest("join_samples"),
        names=names_of_sources,
    shell:
        "python {input.script:q} --objects {input.objects:q} --parts {input.parts:q}"
        " --names {params.names:q}"
        " --output {output.samples:q} &> {log:q}"


rule render_objects:
    """A picture of the surface of every object."""
    input:
        script=entry("render_objects"),
        samples="results/{dataset}/samples/volumes.zarr",
    output:
        pictures=directory("results/{dataset}/samples/pictures.zarr"),
    log:
        "results/logs/render_objects/{dataset}.log",
    benchmark:
        "results/benchmarks/render_objects/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, 1, "samples"),
        runtime=minutes(20, 0.02, "samples"),
    params:
        code_digest=code_digest("render_objects"),
    shell:
        "python {input.script:q} --samples {input.samples:q} --output {output.pictures:q}"
        " &> {log:q}"


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

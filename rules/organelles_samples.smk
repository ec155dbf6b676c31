# What models read of organelles: cubes, points, pictures, and joins of several volumes.
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

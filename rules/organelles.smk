rule generate_phantom:
    """An EM volume with organelles of known shapes, and what is true of them."""
    input:
        script="scripts/generate_phantom.py",
        code=code("scripts/generate_phantom.py"),
    output:
        folder=directory("results/{dataset}/phantom"),
    log:
        "results/logs/generate_phantom/{dataset}.log",
    benchmark:
        "results/benchmarks/generate_phantom/{dataset}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        settings=lambda wildcards: as_json(dataset_of(wildcards)["phantom"]),
    shell:
        "python {input.script} --settings {params.settings:q} --output {output.folder} &> {log}"


rule count_blocks:
    """Sums over the voxels of each object in a share of the volume's blocks, and where objects touch."""
    input:
        script="scripts/count_blocks.py",
        code=code("scripts/count_blocks.py"),
        volumes=organelle_volumes,
    output:
        counts="results/{dataset}/parts/{part}of{parts}/counts.parquet",
        contacts="results/{dataset}/parts/{part}of{parts}/contacts.parquet",
    log:
        "results/logs/count_blocks/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/count_blocks/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        source=organelle_source,
        block=organelle_block,
    shell:
        "python {input.script} --source {params.source:q} --block {params.block:q}"
        " --part {wildcards.part} --parts {wildcards.parts}"
        " --counts {output.counts} --contacts {output.contacts} &> {log}"


rule merge_counts:
    """The object table of a volume: place, extent, axes and intensity of each object, and its split."""
    input:
        script="scripts/merge_counts.py",
        code=code("scripts/merge_counts.py"),
        volumes=organelle_volumes,
        counts=of_parts("counts.parquet"),
        contacts=of_parts("contacts.parquet"),
        classes=own_classes,
    output:
        objects="results/{dataset}/objects.parquet",
        contact_table="results/{dataset}/contacts.parquet",
        quality="results/{dataset}/quality.parquet",
    log:
        "results/logs/merge_counts/{dataset}.log",
    benchmark:
        "results/benchmarks/merge_counts/{dataset}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        source=organelle_source,
        classes=organelle_classes,
        settings=organelle_settings(
            "split", "label_column", "group_column", "on_bad_input", "min_voxels"
        ),
    shell:
        "python {input.script} --source {params.source:q} --settings {params.settings:q}"
        " --counts {input.counts} --contacts {input.contacts} --labels {params.classes}"
        " --objects {output.objects} --contacts-table {output.contact_table}"
        " --quality {output.quality} &> {log}"


rule measure_objects:
    """Surface, skeleton and form of the objects in a share of the volume."""
    input:
        script="scripts/measure_objects.py",
        code=code("scripts/measure_objects.py"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
    output:
        measures="results/{dataset}/parts/{part}of{parts}/measures.parquet",
    log:
        "results/logs/measure_objects/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/measure_objects/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        source=organelle_source,
        legacy=lambda wildcards: as_json(dataset_of(wildcards)["legacy_measures"]),
    shell:
        "python {input.script} --source {params.source:q} --objects {input.objects}"
        " --part {wildcards.part} --parts {wildcards.parts} --legacy {params.legacy}"
        " --output {output.measures} &> {log}"


rule merge_measures:
    """All measures of the objects, who lies beside whom, and how densely."""
    input:
        script="scripts/merge_measures.py",
        code=code("scripts/merge_measures.py"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
        contacts="results/{dataset}/contacts.parquet",
        measures=of_parts("measures.parquet"),
    output:
        shapes="results/{dataset}/shapes.parquet",
        density="results/{dataset}/density.parquet",
        features=directory("results/{dataset}/samples/features.zarr"),
    log:
        "results/logs/merge_measures/{dataset}.log",
    benchmark:
        "results/benchmarks/merge_measures/{dataset}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        source=organelle_source,
        settings=organelle_settings("neighbour_radius_um", "density_cell_um"),
    shell:
        "python {input.script} --source {params.source:q} --objects {input.objects}"
        " --contacts {input.contacts} --measures {input.measures}"
        " --settings {params.settings:q} --shapes {output.shapes}"
        " --density {output.density} --features {output.features} &> {log}"


rule cut_volumes:
    """The objects in a share of the volume, each whole in a cube of isotropic voxels."""
    input:
        script="scripts/cut_volumes.py",
        code=code("scripts/cut_volumes.py"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
    output:
        samples=temp(directory("results/{dataset}/parts/{part}of{parts}/volumes.zarr")),
    log:
        "results/logs/cut_volumes/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/cut_volumes/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        source=organelle_source,
        settings=lambda wildcards: as_json(dataset_of(wildcards)["volumes"]),
    shell:
        "python {input.script} --source {params.source:q} --objects {input.objects}"
        " --settings {params.settings:q} --part {wildcards.part} --parts {wildcards.parts}"
        " --output {output.samples} &> {log}"


rule sample_points:
    """Points on the surfaces of the objects in a share of the volume."""
    input:
        script="scripts/sample_points.py",
        code=code("scripts/sample_points.py"),
        volumes=organelle_volumes,
        objects="results/{dataset}/objects.parquet",
    output:
        samples=temp(directory("results/{dataset}/parts/{part}of{parts}/points.zarr")),
    log:
        "results/logs/sample_points/{dataset}/{part}of{parts}.log",
    benchmark:
        "results/benchmarks/sample_points/{dataset}/{part}of{parts}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        source=organelle_source,
        settings=lambda wildcards: as_json(dataset_of(wildcards)["points"]),
    shell:
        "python {input.script} --source {params.source:q} --objects {input.objects}"
        " --settings {params.settings:q} --part {wildcards.part} --parts {wildcards.parts}"
        " --output {output.samples} &> {log}"


rule join_samples:
    """The samples of all jobs in one store, in the order of the object table."""
    input:
        script="scripts/join_samples.py",
        code=code("scripts/join_samples.py"),
        objects="results/{dataset}/objects.parquet",
        parts=lambda wildcards: of_parts(f"{wildcards.form}.zarr")(wildcards),
    output:
        samples=directory("results/{dataset}/samples/{form}.zarr"),
    log:
        "results/logs/join_samples/{dataset}/{form}.log",
    benchmark:
        "results/benchmarks/join_samples/{dataset}/{form}.jsonl"
    wildcard_constraints:
        dataset=ORGANELLE_DATASETS,
        form="volumes|points",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    shell:
        "python {input.script} --objects {input.objects} --parts {input.parts}"
        " --output {output.samples} &> {log}"


rule render_objects:
    """A picture of the surface of every object."""
    input:
        script="scripts/render_objects.py",
        code=code("scripts/render_objects.py"),
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
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    shell:
        "python {input.script} --samples {input.samples} --output {output.pictures} &> {log}"


rule write_masks:
    """The label volume with the number of its cluster for each object."""
    input:
        script="scripts/write_masks.py",
        code=code("scripts/write_masks.py"),
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
        dataset=ORGANELLE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        source=organelle_source,
        settings=lambda wildcards: as_json(dataset_of(wildcards)["masks"]),
    shell:
        "python {input.script} --source {params.source:q} --objects {input.objects}"
        " --clusters {input.clusters} --settings {params.settings:q}"
        " --output {output.folder} &> {log}"

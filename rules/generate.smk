# What models that make images make, and how real it is.
rule generate_images:
    """Images made by a trained model."""
    input:
        script="scripts/generate_images.py",
        code=model_code("scripts/generate_images.py"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
    output:
        samples=directory(
            "results/{dataset}/{model}/{variant}/seed{seed}/generated.zarr"
        ),
        folder=directory("results/{dataset}/{model}/{variant}/seed{seed}/generated"),
    log:
        "results/logs/generate_images/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/generate_images/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=lambda wildcards: as_json(dataset_of(wildcards)["generated"]),
    shell:
        "python {input.script} --model {input.model} --settings {params.settings:q}"
        " --output {output.samples} --folder {output.folder} --gpus {resources.gpu}"
        " --threads {threads} &> {log}"


rule measure_generated_arbors:
    """Length, branching, extent and density of the arbor in every generated image."""
    input:
        script="scripts/measure_arbors.py",
        code=code("scripts/measure_arbors.py"),
        samples="results/{dataset}/{model}/{variant}/seed{seed}/generated.zarr",
    output:
        table="results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.parquet",
        features=temp(
            directory(
                "results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.zarr"
            )
        ),
    log:
        "results/logs/measure_generated_arbors/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_generated_arbors/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    shell:
        "python {input.script} --samples {input.samples} --output {output.table}"
        " --features {output.features} &> {log}"


rule measure_realism:
    """How far generated images are from real ones, and whether they copy any."""
    input:
        script="scripts/measure_realism.py",
        code=code("scripts/measure_realism.py"),
        samples="results/{dataset}/samples/images.zarr",
        objects="results/{dataset}/objects.parquet",
        arbors="results/{dataset}/arbors.parquet",
        generated="results/{dataset}/{model}/{variant}/seed{seed}/generated.zarr",
        generated_arbors="results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.parquet",
        simulated=simulated_files,
    output:
        realism="results/{dataset}/{model}/{variant}/seed{seed}/realism.parquet",
        nearest="results/{dataset}/{model}/{variant}/seed{seed}/nearest.parquet",
        scores="results/{dataset}/{model}/{variant}/seed{seed}/realism_scores.parquet",
    log:
        "results/logs/measure_realism/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_realism/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        settings=realism_settings,
    shell:
        "python {input.script} --samples {input.samples} --objects {input.objects}"
        " --arbors {input.arbors} --generated {input.generated}"
        " --generated-arbors {input.generated_arbors} --settings {params.settings:q}"
        " --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model}"
        " --variant {wildcards.variant} --simulated {input.simulated} --realism {output.realism} --nearest {output.nearest}"
        " --scores {output.scores} --gpus {resources.gpu} --threads {threads} &> {log}"


rule write_timelapse:
    """The images of fixed latents while the model was trained, as a movie."""
    input:
        script="scripts/write_timelapse.py",
        code=model_code("scripts/write_timelapse.py", Filming),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
    output:
        gif="results/{dataset}/{model}/{variant}/seed{seed}/timelapse.gif",
        mp4="results/{dataset}/{model}/{variant}/seed{seed}/timelapse.mp4",
    log:
        "results/logs/write_timelapse/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/write_timelapse/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("filming"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    shell:
        "python {input.script} --model {input.model} --gif {output.gif}"
        " --mp4 {output.mp4} &> {log}"


rule interpolate_latents:
    """A way through the latent of a model, as a figure and as movies."""
    input:
        script="scripts/interpolate_latents.py",
        code=model_code("scripts/interpolate_latents.py"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
    output:
        figure=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/interpolation.svg",
            caption="report/interpolation.rst",
            category="{dataset}",
            labels={
                "figure": "interpolation",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        files=multiext(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/interpolation",
            ".png",
            ".mp4",
            ".gif",
        ),
    log:
        "results/logs/interpolate_latents/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/interpolate_latents/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        seed=lambda wildcards: dataset_of(wildcards)["generated"]["seed"],
        folder=subpath(output.figure, parent=True),
    shell:
        "python {input.script} --model {input.model} --seed {params.seed}"
        " --folder {params.folder} --gpus {resources.gpu} --threads {threads} &> {log}"

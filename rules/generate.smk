# What models that make images make, and how real it is.
rule generate_images:
    """Images made by a trained model, and movies of its latent and of its training."""
    input:
        script=entry("generate_images"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
    output:
        samples=directory(
            "results/{dataset}/{model}/{variant}/seed{seed}/generated.zarr"
        ),
        folder=directory("results/{dataset}/{model}/{variant}/seed{seed}/generated"),
        interpolation=directory(
            "results/{dataset}/{model}/{variant}/seed{seed}/interpolation.zarr"
        ),
        movies=multiext(
            "results/{dataset}/{model}/{variant}/seed{seed}/",
            "interpolation.gif",
            "interpolation.mp4",
            "timelapse.gif",
            "timelapse.mp4",
        ),
        listed="results/{dataset}/{model}/{variant}/seed{seed}/interpolation.files.json",
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
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        code_digest=generating_digest,
        settings=lambda wildcards: as_json(dataset_of(wildcards)["generated"]),
    shell:
        "python {input.script:q} --model {input.model:q} --settings {params.settings:q}"
        " --output {output.samples:q} --folder {output.folder:q}"
        " --interpolation {output.interpolation:q} --movies {output.movies:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"


rule film_ways:
    """Movies of how images come out of noise."""
    input:
        script=entry("film_ways"),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
    output:
        ways=directory("results/{dataset}/{model}/{variant}/seed{seed}/ways.zarr"),
        movies=multiext(
            "results/{dataset}/{model}/{variant}/seed{seed}/", "ways.gif", "ways.mp4"
        ),
        listed="results/{dataset}/{model}/{variant}/seed{seed}/ways.files.json",
    log:
        "results/logs/film_ways/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/film_ways/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("flowing"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(2000),
        runtime=minutes(20),
    params:
        code_digest=model_digest("film_ways"),
        settings=lambda wildcards: as_json(dataset_of(wildcards)["generated"]),
    shell:
        "python {input.script:q} --model {input.model:q} --settings {params.settings:q}"
        " --output {output.ways:q} --movies {output.movies:q}"
        " --gpus {resources.gpu} --threads {threads} &> {log:q}"


rule measure_generated_arbors:
    """Length, branching, extent and density of the arbor in every generated image."""
    input:
        script=entry("measure_arbors"),
        samples="results/{dataset}/{model}/{variant}/seed{seed}/generated.zarr",
    output:
        table="results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.parquet",
        features=temp(
            directory(
                "results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.zarr"
            )
        ),
        trees="results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.zip",
        listed="results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.files.json",
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
        mem_mb=memory(1000, 20, "samples"),
        runtime=minutes(20, 0.2, "samples"),
    params:
        code_digest=code_digest("measure_arbors"),
    shell:
        "python {input.script:q} --samples {input.samples:q} --output {output.table:q}"
        " --features {output.features:q} --trees {output.trees:q} &> {log:q}"


rule measure_realism:
    """How far generated images are from real ones, and whether they copy any."""
    input:
        script=entry("measure_realism"),
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
        gpu=inference_gpus,
        gpu_model=model_of_gpu(inference_gpus),
        mem_mb=memory(2000, 10, "samples", "generated"),
        runtime=minutes(60, 0.2, "samples", "generated"),
    params:
        code_digest=code_digest("measure_realism"),
        settings=realism_settings,
    shell:
        "python {input.script:q} --samples {input.samples:q} --objects {input.objects:q}"
        " --arbors {input.arbors:q} --generated {input.generated:q}"
        " --generated-arbors {input.generated_arbors:q} --settings {params.settings:q}"
        " --seed {wildcards.seed} --dataset {wildcards.dataset} --model {wildcards.model}"
        " --variant {wildcards.variant} --simulated {input.simulated:q}"
        " --realism {output.realism:q} --nearest {output.nearest:q}"
        " --scores {output.scores:q} --gpus {resources.gpu} --threads {threads} &> {log:q}"

rule plot_dendrites:
    """Example images of every class."""
    input:
        script="scripts/plot_dendrites.py",
        code=code("scripts/plot_dendrites.py"),
        samples="results/{dataset}/samples/images.zarr",
        objects="results/{dataset}/objects.parquet",
    output:
        svg=report(
            "results/{dataset}/figures/dendrites.svg",
            caption="report/dendrites.rst",
            category="{dataset}",
            labels={"figure": "1 dendrites"},
        ),
        png="results/{dataset}/figures/dendrites.png",
    log:
        "results/logs/plot_dendrites/{dataset}.log",
    benchmark:
        "results/benchmarks/plot_dendrites/{dataset}.jsonl"
    wildcard_constraints:
        dataset=DENDRITE_DATASETS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --samples {input.samples} --objects {input.objects}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_generated:
    """Generated images beside real ones."""
    input:
        script="scripts/plot_generated.py",
        code=code("scripts/plot_generated.py"),
        generated="results/{dataset}/{model}/{variant}/seed{seed}/generated.zarr",
        samples="results/{dataset}/samples/images.zarr",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/generated.svg",
            caption="report/generated.rst",
            category="{dataset}",
            labels={
                "figure": "generated",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/generated.png",
    log:
        "results/logs/plot_generated/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_generated/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --generated {input.generated} --samples {input.samples}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_growth:
    """What a model makes of the same latents at each resolution of its training."""
    input:
        script="scripts/plot_growth.py",
        code=model_code("scripts/plot_growth.py", Filming),
        model="results/{dataset}/{model}/{variant}/seed{seed}/model.pt",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/growth.svg",
            caption="report/growth.rst",
            category="{dataset}",
            labels={
                "figure": "growth",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/growth.png",
    log:
        "results/logs/plot_growth/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_growth/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("filming"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --model {input.model}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_nearest_images:
    """Generated images, each beside the training image that it is most like."""
    input:
        script="scripts/plot_nearest_images.py",
        code=code("scripts/plot_nearest_images.py"),
        nearest="results/{dataset}/{model}/{variant}/seed{seed}/nearest.parquet",
        samples="results/{dataset}/samples/images.zarr",
        generated="results/{dataset}/{model}/{variant}/seed{seed}/generated.zarr",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/nearest.svg",
            caption="report/nearest.rst",
            category="{dataset}",
            labels={
                "figure": "nearest",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/nearest.png",
    log:
        "results/logs/plot_nearest_images/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_nearest_images/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        threshold=lambda wildcards: dataset_of(wildcards)["realism"]["threshold"],
    shell:
        "python {input.script} --nearest {input.nearest} --samples {input.samples}"
        " --generated {input.generated} --threshold {params.threshold}"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_arbors:
    """Statistics of the arbors in real and in generated images."""
    input:
        script="scripts/plot_arbors.py",
        code=code("scripts/plot_arbors.py"),
        real="results/{dataset}/arbors.parquet",
        generated="results/{dataset}/{model}/{variant}/seed{seed}/generated_arbors.parquet",
    output:
        svg=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/arbors.svg",
            caption="report/arbors.rst",
            category="{dataset}",
            labels={
                "figure": "arbors",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png="results/{dataset}/{model}/{variant}/seed{seed}/figures/arbors.png",
    log:
        "results/logs/plot_arbors/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_arbors/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    shell:
        "python {input.script} --arbors {input.real} {input.generated} --names real generated"
        " --svg {output.svg} --png {output.png} &> {log}"


rule plot_realism:
    """How far generated images are from real ones, beside how far real ones are from each other."""
    input:
        script="scripts/plot_realism.py",
        code=code("scripts/plot_realism.py"),
        realism="results/{dataset}/{model}/{variant}/seed{seed}/realism.parquet",
    output:
        realism=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/realism.svg",
            caption="report/realism.rst",
            category="{dataset}",
            labels={
                "figure": "realism",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        details=report(
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/realism_details.svg",
            caption="report/realism_details.rst",
            category="{dataset}",
            labels={
                "figure": "realism in detail",
                "model": "{model}",
                "variant": "{variant}",
                "seed": "{seed}",
            },
        ),
        png=[
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/realism.png",
            "results/{dataset}/{model}/{variant}/seed{seed}/figures/realism_details.png",
        ],
    log:
        "results/logs/plot_realism/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "results/benchmarks/plot_realism/{dataset}/{model}/{variant}/seed{seed}.jsonl"
    wildcard_constraints:
        model=able("generating"),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        folder=subpath(output.realism, parent=True),
    shell:
        "python {input.script} --realism {input.realism} --folder {params.folder} &> {log}"

rule draw_atlas:
    """One page in which all embeddings of a dataset are looked at object by object, offline."""
    input:
        script=entry("draw_atlas"),
        page=[
            os.path.relpath(WORKFLOW / f"scripts/morphoflow/atlas/atlas.{kind}")
            for kind in ("html", "js")
        ],
        analysed=lambda wildcards: [
            f"results/{run.folder}/analysed.h5ad"
            for run in RUNS
            if run.dataset == wildcards.dataset
        ],
        pictures=object_pictures,
        trees=lambda wildcards: [f"results/{wildcards.dataset}/trees.zarr"]
        * (wildcards.dataset in config["neurons"]),
        masks=lambda wildcards: masks_of([wildcards.dataset])(wildcards)[:1],
    output:
        page="results/{dataset}/atlas.html",
        listed="results/{dataset}/atlas.files.json",
    log:
        "results/logs/draw_atlas/{dataset}.log",
    benchmark:
        "results/benchmarks/draw_atlas/{dataset}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, 4, "analysed"),
        runtime=minutes(20),
    params:
        code_digest=code_digest("draw_atlas"),
    shell:
        "python {input.script:q} --dataset {wildcards.dataset} --analysed {input.analysed:q}"
        " --pictures {input.pictures:q} --trees {input.trees:q}"
        " --masks {input.masks:q} --output {output.page:q}"
        " &> {log:q}"

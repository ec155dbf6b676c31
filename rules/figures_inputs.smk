# What the figures of a run show: files of the run and of its dataset.
SHOWN = {
    "reconstructions": ["shapes.zarr"],
    "traversals": ["shapes.zarr"],
    "history": ["history.parquet"],
    "invariance": ["invariance.parquet"],
    "kappa_probes": ["kappa_probes.parquet"],
    "walk_map": ["walk_map.parquet"],
    "generated_neurons": [
        "generated_trees.zarr",
        "generated_trees.parquet",
        "tree_realism_scores.parquet",
    ],
    "generated": ["generated.zarr"],
    "growth": ["model.pt"],
    "ways": ["ways.zarr"],
    "interpolation": ["interpolation.zarr"],
    "arbors": ["generated_arbors.parquet"],
    "nearest": ["nearest.parquet", "generated.zarr"],
    "realism": ["realism.parquet"],
    "realism_details": ["realism.parquet"],
}
SHOWN_OF_DATASET = {
    "cluster_slice": ["objects.parquet"],
    "generated_neurons": ["trees.zarr", "objects.parquet"],
    "generated": ["samples/images.zarr", "objects.parquet"],
    "arbors": ["arbors.parquet"],
}
# What the card of a trained model is written from, beside what figures show.
ON_CARD = ["model.pt", "retrieval_scores.parquet", "outlier_scores.parquet"]
# Tables of the analysis, from which every run has figures.
ANALYSED = (
    "maps",
    "clusters",
    "cluster_scores",
    "cluster_profiles",
    "confusion",
    "cross_validation_scores",
    "retrieval",
    "retrieval_labels",
    "outliers",
)


def run_of(wildcards):
    """The row of a job in the table of runs, or in that of a sweep."""
    return Run(
        wildcards.dataset, wildcards.model, wildcards.variant, int(wildcards.seed)
    )


def shown_files(wildcards):
    """The files that the figures and the card of a run show, each once."""
    run = run_of(wildcards)
    files = ["embedding.h5ad", *(f"{name}.parquet" for name in ANALYSED)]
    of_dataset = []
    if run.model in TRAINED:
        files += ON_CARD
        of_dataset += ["objects.parquet"]
    for figure in figures_of_run(run):
        files += SHOWN.get(figure, [])
        of_dataset += SHOWN_OF_DATASET.get(figure, [])
    paths = [f"results/{run.folder}/{name}" for name in files]
    paths += [f"results/{run.dataset}/{name}" for name in of_dataset]
    if "cluster_slice" in figures_of_run(run):
        paths += organelle_volumes(first_volume(wildcards))
    return sorted(set(paths))


def drawing_digest(wildcards):
    """A digest of the code of the figures, and that by which a model's time-lapse is read."""
    entries = [entry("draw_run")]
    if is_able(wildcards.model, "generating"):
        entries.append(code_file(wildcards.model, Filming))
    return dependencies.code_digest(*entries)


def drawing_settings(wildcards):
    """What the figures of a run have to know of the configuration, as JSON."""
    settings = {}
    dataset = dataset_of(wildcards)
    if wildcards.dataset in ORGANELLES:
        settings["source"] = json.loads(organelle_source(first_volume(wildcards)))
        names = names_of_sources(wildcards)
        settings["first_source"] = names[0] if names else None
    if is_able(wildcards.model, "generating"):
        settings["copy_threshold"] = dataset["realism"]["threshold"]
    if wildcards.model in TRAINED:
        settings["description"] = MODELS[wildcards.model]["description"]
    return as_json(settings)

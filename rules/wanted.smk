# What is asked for: the tables, figures and other files of datasets and runs.

# Parts of the analysis of an embedding, each with settings of its own.
ANALYSIS = (
    "maps",
    "clusters",
    "classification",
    "cross_validation",
    "retrieval",
    "outliers",
)

# Figures of a dataset and of a run, for all modalities and for each.
OF_DATASET = {
    "neurons": ("neurons", "neurons_3d", "walks", "densities", "quality", "scores"),
    "cells": ("crops", "quality", "stability", "scores"),
    "organelles": ("objects", "quality", "scores"),
    "dendrites": ("dendrites", "quality", "scores"),
}
OF_RUN = {
    "all": (
        "maps",
        "clusters",
        "profiles",
        "confusion",
        "cross_validation",
        "retrieval",
        "outliers",
    ),
    "neurons": (),
    "cells": ("cluster_gallery", "outlier_gallery", "image_map"),
    "organelles": ("cluster_gallery", "outlier_gallery", "image_map", "cluster_slice"),
    "dendrites": ("cluster_gallery", "outlier_gallery", "image_map"),
}

# Tables that the report shows: of the comparison of models, and of groups of objects.
REPORTED = ("comparison/ranking", "comparison/pairs", "comparison/scores")
COMPARED = ("comparison/differences", "comparison/mixing")

GENERATED = (
    "generated",
    "growth",
    "interpolation",
    "arbors",
    "nearest",
    "realism",
    "realism_details",
)


def makes_trees(run):
    """Whether new neurons are made of a run: once a variant, unless it is an untrained one."""
    if not is_able(run.model, "making_trees"):
        return False
    fitted = settings(run.model, run.variant).get("epochs") != 0
    return fitted and run.seed == FIRST_SEEDS.get(run.folder_of_seeds, run.seed)


def sees_labels(run):
    """Whether a run learns from labels, and begins with nothing that may have seen them before."""
    if run.model not in TRAINED:
        return False
    chosen = settings(run.model, run.variant)
    learns = chosen["epochs"] > 0 and chosen.get("label_fraction", 0) > 0
    return learns and not chosen.get("start_from")


def figures_of_run(run):
    """The names of the figures that one run gives."""
    names = [*OF_RUN["all"], *OF_RUN[DATASETS[run.dataset]]]
    names += ["history"] * (run.model in TRAINED)
    names += ["reconstructions", "traversals"] * is_able(run.model, "decoding")
    names += ["uncertainty"] * is_able(run.model, "posterior")
    names += [*GENERATED] * is_able(run.model, "generating")
    names += ["ways"] * is_able(run.model, "flowing")
    if makes_trees(run):
        names += ["generated_neurons"]
        names += ["kappa_probes", "walk_map"] * is_able(run.model, "probing_walks")
    return names + ["invariance"] * is_able(run.model, "turnable")


def figures_of(datasets):
    """Input function: the figures of datasets as SVG files, those of all runs on them as folders."""
    return lambda wildcards: dataset_figures(datasets) + run_figures(datasets)


def dataset_figures(datasets):
    """The figures of those of the chosen datasets that have runs, as SVG files."""
    return sorted(
        f"results/{dataset}/figures/{name}.svg"
        for dataset in {run.dataset for run in RUNS}.intersection(datasets)
        for name in OF_DATASET[DATASETS[dataset]]
        + ("differences",) * (dataset in config["compare"])
        + ("simulator_fit",) * (dataset in FITTED)
    )


def run_figures(datasets):
    """The folders with the figures of all runs on the chosen datasets."""
    return [f"results/{run.folder}/figures" for run in RUNS if run.dataset in datasets]


def atlases_of(datasets):
    """The atlases of those of the chosen datasets that have runs."""
    return sorted(
        f"results/{dataset}/atlas.html"
        for dataset in {run.dataset for run in RUNS}.intersection(datasets)
    )


def masks_of(datasets):
    """Input function: label volumes by clusters of all runs on the chosen datasets, as folders."""
    return lambda wildcards: [
        f"results/{run.folder}/masks"
        for run in RUNS
        if run.dataset in datasets and run.dataset in ORGANELLES
    ]


def applied_to(datasets):
    """Input function: what models of other datasets say of the chosen ones."""
    return lambda wildcards: [
        f"results/{dataset}/applied/{folder}/seed{FIRST_SEEDS[folder]}/placed.parquet"
        for dataset, folders in config["apply"].items()
        if dataset in datasets
        for folder in folders
    ]


def movies_of(datasets):
    """Input function: the time-lapses of the models that make images, on the chosen datasets."""
    return lambda wildcards: [
        f"results/{run.folder}/timelapse.mp4"
        for run in RUNS
        if run.dataset in datasets and is_able(run.model, "generating")
    ]


def first_runs(dataset):
    """The folders of all variants on a dataset, each with its first seed."""
    return [
        f"{folder}/seed{seed}"
        for folder, seed in FIRST_SEEDS.items()
        if folder.split("/")[0] == dataset
    ]


def datasets_run():
    """The datasets that have runs, in the order of the configuration."""
    named = {run.dataset for run in RUNS}
    return [dataset for dataset in DATASETS if dataset in named]


def score_tables(dataset):
    """The tables with the scores of all runs on a dataset."""
    names = ("", "cluster_", "cross_validation_", "retrieval_", "outlier_")
    tables = [
        f"results/{run.folder}/{name}scores.parquet"
        for run in RUNS
        for name in names
        + ("invariance_",) * is_able(run.model, "turnable")
        + ("realism_",) * is_able(run.model, "generating")
        if run.dataset == dataset
    ]
    return sorted(tables)


def config_flags():
    """The --configfile flags of this call, for a call within it."""
    files = [os.path.relpath(path) for path in workflow.overwrite_configfiles]
    return " ".join(["--configfile", *map(shlex.quote, files)]) if files else ""


def members_files(wildcards, name):
    """A file of each member of a sweep."""
    return [f"results/{member.run.folder}/{name}" for member in SWEEPS[wildcards.sweep]]


def sweep_members(wildcards):
    """The members of a sweep with their settings, as JSON."""
    members = SWEEPS[wildcards.sweep]
    return as_json(
        [
            {name: getattr(member.run, name) for name in COLUMNS}
            | {"settings": member.settings}
            for member in members
        ]
    )


def swept_settings(wildcards):
    """The names of the settings that a sweep changes, as JSON."""
    return as_json(list(SWEEPS[wildcards.sweep][0].settings))

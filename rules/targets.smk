localrules:
    all,
    demo,
    neurons,
    cells,
    organelles,
    dendrites,
    masks,
    registered,
    samples,
    models,
    model_cards,
    exported,
    applied,
    embeddings,
    clusters,
    atlases,
    figures,
    sweeps,
    retrained,
    experiments,
    stacks,
    generated_neurons,


rule demo:
    """The datasets that need no data of yours, from raw files to figures, and the report."""
    input:
        figures_of(DEMO),
        atlases_of(DEMO),
        masks_of(DEMO),
        movies_of(DEMO),
        of_runs("results/{run.folder}/scores.parquet", dataset=DEMO),
        "results/report",


rule neurons:
    """All results on neurons."""
    input:
        of_runs("results/{run.folder}/scores.parquet", dataset=config["neurons"]),
        figures_of(config["neurons"]),
        atlases_of(config["neurons"]),
        applied_to(config["neurons"]),


rule cells:
    """All results on cells."""
    input:
        of_runs("results/{run.folder}/scores.parquet", dataset=config["cells"]),
        figures_of(config["cells"]),
        atlases_of(config["cells"]),
        applied_to(config["cells"]),


rule organelles:
    """All results on organelles."""
    input:
        of_runs("results/{run.folder}/scores.parquet", dataset=config["organelles"]),
        figures_of(config["organelles"]),
        atlases_of(ORGANELLES),
        masks_of(ORGANELLES),
        applied_to(ORGANELLES),


rule dendrites:
    """All results on images of dendrites."""
    input:
        of_runs("results/{run.folder}/scores.parquet", dataset=config["dendrites"]),
        figures_of(config["dendrites"]),
        atlases_of(config["dendrites"]),
        applied_to(config["dendrites"]),
        movies_of(config["dendrites"]),


rule masks:
    """Label volumes in which each organelle has the number of its cluster."""
    input:
        masks_of(ORGANELLES),


rule registered:
    """The cells of every dataset, registered to one reference."""
    input:
        expand("results/{dataset}/registered.parquet", dataset=CELLS),


rule samples:
    """The samples that the models read."""
    input:
        sorted(
            {
                f"results/{run.dataset}/samples/{MODELS[run.model]['form']}.zarr"
                for run in RUNS
                if run.model != COMBINATION
            }
        ),


rule models:
    """All fitted models."""
    input:
        of_runs("results/{run.folder}/model.pt", model=TRAINED + BASELINES),


rule embeddings:
    """All embeddings, as AnnData files."""
    input:
        of_runs("results/{run.folder}/embedding.h5ad"),


rule model_cards:
    """What each trained model was trained on, how good it is and what its limits are."""
    input:
        of_runs("results/{run.folder}/figures", model=TRAINED),


rule exported:
    """The encoders of all trained models that can be used without this project."""
    input:
        of_runs(
            "results/{run.folder}/encoder.pt2",
            model=[name for name in TRAINED if is_able(name, "exportable")],
        ),


rule applied:
    """What models of other datasets say of those that `apply` names."""
    input:
        applied_to(DATASETS),


rule clusters:
    """All cluster tables and scores."""
    input:
        of_runs("results/{run.folder}/clusters.parquet"),
        of_runs("results/{run.dataset}/comparison/scores.parquet"),


rule atlases:
    """A page of each dataset in which its embeddings are looked at object by object."""
    input:
        atlases_of(DATASETS),


rule figures:
    """All figures, as SVG and PNG."""
    input:
        figures_of(DATASETS),


rule sweeps:
    """All sweeps over settings: tables and figures."""
    input:
        expand("results/sweeps/{sweep}/figures/sweep.svg", sweep=SWEEPS),


rule retrained:
    """Models that see labels, judged on all objects by training them anew in each fold."""
    input:
        [
            f"results/{run.folder}/retrained_scores.parquet"
            for run in RUNS
            if sees_labels(run)
        ],


rule stacks:
    """Every neuron as an image stack."""
    input:
        expand("results/{dataset}/stacks.parquet", dataset=config["neurons"]),


rule generated_neurons:
    """New neurons by every trained model that makes them: SWC files, figures, how real they are."""
    input:
        [
            f"results/{run.folder}/{name}"
            for run in RUNS
            if makes_trees(run)
            for name in ("figures", "tree_realism.parquet")
        ],

def source_archives(wildcards):
    """Archives with the neurons of sources that are not folders, in the order of the sources."""
    return [
        path
        for source in dataset_of(wildcards)["sources"]
        if (path := source_archive(source)) is not None
    ]


def source_archive(source):
    """Where the neurons of a card or a toy set are put; None for a folder."""
    if "card" in source:
        return f"results/sources/{Path(source['card']).stem}.zip"
    if "toy" in source:
        return "results/sources/toy_{toy}_n{per_population}_s{seed}.zip".format(
            **source
        )


def source_settings(wildcards):
    """How each source of a dataset is to be read: its path and units, as JSON."""
    read = []
    for source in dataset_of(wildcards)["sources"]:
        card = read_yaml(Path(source["card"])) if "card" in source else source
        read.append(
            {
                "path": source_archive(source) or source["folder"],
                "units": card["units"],
                "voxel_size_um": card["voxel_size_um"],
            }
        )
    return as_json(read)


def reading_settings(wildcards):
    """The part of a dataset's configuration that says how neurons are read, as JSON."""
    settings = dataset_of(wildcards)
    names = (
        "on_bad_input",
        "roots",
        "compartments",
        "split",
        "label_column",
        "further_labels",
        "align",
    )
    optional = ("group_column", "shuffle_labels", "largest_bridge_um", "pia_axis")
    return as_json(
        {name: settings[name] for name in (*names, *optional) if name in settings}
    )


def walk_settings(wildcards):
    """How walks are drawn, with the spacing of the nodes on which they go."""
    settings = dataset_of(wildcards)
    return {**settings["walks"], "resample_um": settings["resample_um"]}


def tree_digest(wildcards):
    """A digest of the code of a model that makes trees."""
    return dependencies.code_digest(
        entry("generate_trees"), code_file(wildcards.model, TreeMaking)
    )


def walk_digest(wildcards):
    """A digest of the code of a model that looks at single walks."""
    return dependencies.code_digest(
        entry("probe_walks"), code_file(wildcards.model, WalkProbing)
    )

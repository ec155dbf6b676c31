from types import SimpleNamespace


def organelle_source(wildcards):
    """Where the volumes of a dataset lie and how they are to be read, as JSON.

    The labels are those of ``find_instances`` where a dataset asks for it.
    """
    source = json.loads(organelle_source_as_given(wildcards))
    if instances_by(wildcards):
        source["labels"] = instances_of(wildcards)
        source.pop("labels_key", None)
    return as_json(source)


def instances_of(wildcards):
    """The labels of a dataset in which every object is connected."""
    return f"results/{wildcards.dataset}/instances.zarr"


def instances_by(wildcards):
    """How the connected parts of a dataset's labels are numbered; None where they stay."""
    settings = dataset_of(wildcards)
    if settings["instances"] == "connected":
        return "connected"
    return None if settings["pieces"] == "keep" else settings["pieces"]


def organelle_source_as_given(wildcards):
    """The same with the label volume of the user."""
    settings = dataset_of(wildcards)
    if "phantom" in settings:
        folder = f"results/{wildcards.dataset}/phantom"
        return as_json({"em": f"{folder}/em.zarr", "labels": f"{folder}/labels.zarr"})
    volumes = ("em", "labels", "classes", "context")
    names = [name for volume in volumes for name in (volume, f"{volume}_key")]
    names += ["voxel_size_nm", "em_voxel_size_nm", "offset_nm", "em_offset_nm"]
    names += ["level", "em_level"]
    return as_json({name: settings[name] for name in names if name in settings})


def organelle_volumes(wildcards):
    """What a job that reads the volumes of a dataset depends on, beside its fingerprint.

    A user's files are looked at by that alone, so that only what it says runs jobs again.
    """
    made = [instances_of(wildcards)] if instances_by(wildcards) else []
    return made + organelle_volumes_as_given(wildcards)


def organelle_volumes_as_given(wildcards):
    """The same without the labels that ``find_instances`` writes."""
    if "phantom" in dataset_of(wildcards):
        return [f"results/{wildcards.dataset}/phantom"]
    return [ancient(file) for file in ORGANELLE_FILES[wildcards.dataset]["volumes"]]


def organelle_fingerprint(wildcards):
    """A text that changes with the volumes of a dataset; a phantom is watched as a result."""
    settings = dataset_of(wildcards)
    return "" if "phantom" in settings else fingerprint_of(wildcards.dataset)


@cache
def fingerprint_of(dataset):
    """The fingerprint of a dataset's volumes, computed once, and only where a job asks for it."""
    return organelle_fingerprints(VOLUMES[dataset])


def organelle_classes(wildcards):
    """The tables with the classes of a dataset's objects; none without them."""
    if "phantom" in dataset_of(wildcards):
        return [f"results/{wildcards.dataset}/phantom/classes.csv"]
    return ORGANELLE_FILES[wildcards.dataset]["classes"]


def own_classes(wildcards):
    """Those of these tables that are a user's; a phantom's lie in its folder, which is one output."""
    return ORGANELLE_FILES[wildcards.dataset]["classes"]


def posed_objects(wildcards):
    """The objects that samples are made of: with their poses, where samples are turned to these."""
    table = "objects" if dataset_of(wildcards)["pose"] == "as_it_lies" else "shapes"
    return f"results/{wildcards.dataset}/{table}.parquet"


def organelle_settings(*names):
    """Input function: the named parts of a dataset's configuration, as JSON."""
    return lambda wildcards: as_json(
        {
            name: dataset_of(wildcards)[name]
            for name in names
            if name in dataset_of(wildcards)
        }
    )


def organelle_block(wildcards):
    """The voxels that are read at once, as JSON; null where the reader chooses."""
    return as_json(dataset_of(wildcards).get("block"))


def of_parts(file):
    """Input function: this file of each job that has a share of a dataset."""

    def files(wildcards):
        jobs = dataset_of(wildcards)["jobs"]
        return [
            f"results/{wildcards.dataset}/parts/{part}of{jobs}/{file}"
            for part in range(jobs)
        ]

    return files


def of_several_parts(file):
    """The same; none for one job, whose work is done where the shares would be merged."""

    def files(wildcards):
        return of_parts(file)(wildcards) if dataset_of(wildcards)["jobs"] > 1 else []

    return files


def names_of_sources(wildcards):
    """The names of the sources of a dataset that comes from several volumes; none of others."""
    return [source["name"] for source in dataset_of(wildcards).get("sources", ())]


def parts_of(wildcards):
    """The parts of such a dataset, as rules of single volumes know them."""
    return [part_name(wildcards.dataset, name) for name in names_of_sources(wildcards)]


def volume_named(name):
    """What input functions of single volumes take for wildcards."""
    return SimpleNamespace(dataset=name)


def of_sources(file):
    """Input function: this file of each source of a dataset."""
    return lambda wildcards: [f"results/{part}/{file}" for part in parts_of(wildcards)]


def by_source(wildcards, ask, read=str):
    """What a function of a single volume's wildcards says of each source, by its name."""
    pairs = zip(names_of_sources(wildcards), parts_of(wildcards), strict=True)
    return {name: read(ask(volume_named(part))) for name, part in pairs}


def volumes_of_sources(wildcards):
    """What a job that reads the volumes of all sources depends on."""
    return [
        file
        for files in by_source(wildcards, organelle_volumes, list).values()
        for file in files
    ]


def first_volume(wildcards):
    """The wildcards of the volume of a dataset, or of the first of several."""
    parts = parts_of(wildcards)
    return volume_named(parts[0]) if parts else wildcards

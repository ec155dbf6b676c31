# Datasets to whose images the simulator of arbors is fitted.
FITTED = [
    name
    for name, settings in config["dendrites"].items()
    if "fit_simulator" in settings
]


def simulated_folders(wildcards):
    """Folders with the simulated images of a dataset, one for each such source."""
    return [
        f"results/{wildcards.dataset}/simulated/{part}"
        for part, source in enumerate(dataset_of(wildcards)["sources"])
        if "simulated" in source
    ]


def fetched_dendrites(wildcards):
    """Folders with the images of the sources that a card describes."""
    cards = [
        source["card"]
        for source in dataset_of(wildcards)["sources"]
        if "card" in source
    ]
    return [f"results/sources/{Path(card).stem}" for card in cards]


def dendrite_sources(wildcards):
    """Where each source of a dataset lies and how it is to be read, as JSON."""
    sources = []
    for part, source in enumerate(dataset_of(wildcards)["sources"]):
        made = {
            name: value
            for name, value in source.items()
            if name not in ("simulated", "card")
        }
        if "card" in source:
            made["images"] = f"results/sources/{Path(source['card']).stem}/images"
        if "simulated" in source:
            folder = f"results/{wildcards.dataset}/simulated/{part}"
            made |= {"simulated_folder": folder, "name": f"simulated{part}"}
        sources.append(made)
    return as_json(sources)


def dendrite_settings(wildcards):
    """The part of a dataset's configuration that says how images are read, as JSON."""
    settings = dataset_of(wildcards)
    names = ("on_bad_input", "near_duplicates", "split", "label_column", "group_column")
    named = {name: settings[name] for name in names if name in settings}
    return as_json({**settings["images"], **named})


def generating_digest(wildcards):
    """A digest of the code of a model that makes images, with those of its time-lapse."""
    files = [code_file(wildcards.model, kind) for kind in (Generating, Filming)]
    return dependencies.code_digest(entry("generate_images"), *files)


def realism_settings(wildcards):
    """How generated images are compared with real ones, as JSON."""
    settings = dataset_of(wildcards)["realism"]
    return as_json(
        {name: value for name, value in settings.items() if name != "simulated"}
    )


def simulated_files(wildcards):
    """Samples, objects and arbors of the simulation that a dataset is compared with, if any."""
    name = dataset_of(wildcards)["realism"]["simulated"]
    files = ("samples/images.zarr", "objects.parquet", "arbors.parquet")
    return [f"results/{name}/{file}" for file in files] if name else []

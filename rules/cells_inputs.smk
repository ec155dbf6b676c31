def source_folders(wildcards):
    """Folders with the cells of the sources that a card describes."""
    cards = [
        source["card"]
        for source in dataset_of(wildcards)["sources"]
        if "card" in source
    ]
    return [f"results/sources/{Path(card).stem}" for card in cards]


def cell_sources(wildcards):
    """Where each source of a dataset lies and how it is to be read, as JSON."""
    sources = []
    for source in dataset_of(wildcards)["sources"]:
        rest = {key: value for key, value in source.items() if key != "card"}
        if "card" in source:
            rest["folder_of_source"] = f"results/sources/{Path(source['card']).stem}"
        sources.append(rest)
    return as_json(sources)


def cell_settings(wildcards):
    """The part of a dataset's configuration that says how cells are read, as JSON."""
    names = ("on_bad_input", "crops", "split", "label_column", "group_column")
    settings = dataset_of(wildcards)
    return as_json({name: settings[name] for name in names if name in settings})

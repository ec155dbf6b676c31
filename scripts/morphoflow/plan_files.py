"""The files that a dataset reads, so that a rule can name them as input.

The Snakefile imports this module, so it reads no data. Every error is a ValueError with a sentence.
"""

from pathlib import Path

from morphoflow.organelles.volumes.watched import watched_files

CELL_PATHS = ("arrays", "array_labels", "folder", "images", "masks")


def neuron_files(dataset: str, settings: dict) -> dict[str, list[str]]:
    """The files that a dataset of neurons reads: ``swc``, those of its folders, and ``labels``.

    Raises ValueError for a folder, card or label table that is named and not there.
    """
    sources = settings["sources"]
    place = f"dataset '{dataset}'"
    for source in sources:
        _existing_file(source.get("card"), f"{place}: the dataset card")
    labels = _existing_file(settings.get("labels"), f"{place}: the label table")
    folders = [source["folder"] for source in sources if "folder" in source]
    swc = [path for folder in folders for path in _swc_files(Path(folder), place)]
    return {"swc": swc, "labels": labels}


def cell_files(dataset: str, settings: dict) -> dict[str, list[str]]:
    """What a dataset of cells reads: ``files`` and folders of its sources, and ``labels``.

    Raises ValueError for a file, folder, card or label table that is named and not there.
    """
    place = f"dataset '{dataset}'"
    named = [(key, source.get(key)) for source in settings["sources"] for key in CELL_PATHS]
    for key, path in named:
        if path is not None and not Path(path).exists():
            raise ValueError(f"{place}: '{path}' does not exist; correct `{key}` in the config.")
    for source in settings["sources"]:
        _existing_file(source.get("card"), f"{place}: the dataset card")
    labels = _existing_file(settings.get("labels"), f"{place}: the label table")
    files = [file for _, path in named if path for file in _files_of(Path(path))]
    return {"files": files, "labels": labels}


def _files_of(path: Path) -> list[str]:
    """The file, or a zarr group as one, or the files in a folder of any depth."""
    if not path.is_dir() or path.suffix == ".zarr":
        return [str(path)]
    return sorted(str(file) for file in path.rglob("*") if file.is_file())


def _swc_files(folder: Path, place: str) -> list[str]:
    if not folder.is_dir():
        raise ValueError(
            f"{place}: the folder '{folder}' does not exist; "
            f"correct `folder` in the config or put the files there."
        )
    files = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() == ".swc")
    if not files:
        raise ValueError(f"{place}: the folder '{folder}' holds no .swc file.")
    return files


def _existing_file(path: str | None, what: str) -> list[str]:
    if path is None:
        return []
    if not Path(path).is_file():
        raise ValueError(f"{what} '{path}' does not exist; correct the path in the config.")
    return [path]


def organelle_files(dataset: str, settings: dict) -> dict[str, list[str]]:
    """What a dataset of organelles reads: ``volumes``, small files of each that change with it, and
    ``classes``, its class table.

    Raises ValueError for a volume or table that is named and not there.
    """
    place = f"dataset '{dataset}'"
    named = [(key, settings[key]) for key in ("em", "labels", "classes") if key in settings]
    for key, path in named:
        if not Path(path).exists():
            raise ValueError(f"{place}: '{path}' does not exist; correct `{key}` in the config.")
    table = _existing_file(settings.get("class_table"), f"{place}: the class table")
    files = [
        file
        for key, path in named
        for file in watched_files(Path(path), settings.get(f"{key}_key"))
    ]
    return {"volumes": sorted(set(files)), "classes": table}


def dendrite_files(dataset: str, settings: dict) -> dict[str, list[str]]:
    """What a dataset of dendrite images reads: the ``files`` of its sources, and ``labels``.

    Raises ValueError for a file, folder or label table that is named and not there.
    """
    place = f"dataset '{dataset}'"
    named = [source["images"] for source in settings["sources"] if "images" in source]
    for path in named:
        if not Path(path).exists():
            raise ValueError(f"{place}: '{path}' does not exist; correct `images` in the config.")
    labels = _existing_file(settings.get("labels"), f"{place}: the label table")
    return {"files": [file for path in named for file in _files_of(Path(path))], "labels": labels}

"""The files that a dataset reads, so that a rule can name them as input.

The Snakefile imports this module, so it reads no data. Every error is a ValueError with a sentence.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from morphoflow.neurons.reading.sources import files_with_neurons, is_hidden, is_unread
from morphoflow.organelles.volumes.fingerprint import fingerprint
from morphoflow.organelles.volumes.watched import is_address, watched_files
from morphoflow.places import relative

# The keys of a dataset of organelles that name volumes.
ORGANELLE_VOLUMES = ("em", "labels", "classes", "context")

# Where checksums of the contents of volumes are kept, in the working directory.
FINGERPRINTS = Path(".snakemake/fingerprints")
# What Snakemake takes for a wildcard in any path, with no way to say that it is none.
WILDCARD = re.compile(r"\{\s*\w+\s*(,.*)?\}")

# Whose sources may be cards.
WITH_CARDS = ("neurons", "cells", "dendrites")
CELL_PATHS = ("arrays", "array_labels", "folder", "images", "masks")


def cards_of(config: dict) -> list[str]:
    """The dataset cards that the sources of a configuration name, each once."""
    return sorted({source["card"] for source in _sources(config) if "card" in source})


def find_cards(config: dict, workflow: Path) -> None:
    """Let sources name cards of the ``workflow`` where the working directory has no such file."""
    for source in _sources(config):
        if "card" in source and not Path(source["card"]).is_file():
            source["card"] = os.path.relpath(workflow / source["card"])


def _sources(config: dict) -> list[dict]:
    datasets = [d for part in WITH_CARDS for d in config.get(part, {}).values()]
    return [source for dataset in datasets for source in dataset["sources"]]


def neuron_files(
    dataset: str, settings: dict, elsewhere: Iterable[Path] = ()
) -> dict[str, list[str]]:
    """The files that a dataset of neurons reads: ``swc``, those of its folders, and ``labels``.

    Raises ValueError for a folder, card or label table that is named and not there.
    ``elsewhere`` are folders in which a user may have meant it.
    """
    sources = settings["sources"]
    place = f"dataset '{dataset}'"
    for source in sources:
        _existing_file(source.get("card"), f"{place}: the dataset card", elsewhere)
    labels = _existing_file(settings.get("labels"), f"{place}: the label table", elsewhere)
    folders = [source["folder"] for source in sources if "folder" in source]
    swc = [path for folder in folders for path in _swc_files(Path(folder), place, elsewhere)]
    return _without_wildcards({"swc": swc, "labels": labels}, place)


def cell_files(
    dataset: str, settings: dict, elsewhere: Iterable[Path] = ()
) -> dict[str, list[str]]:
    """What a dataset of cells reads: ``files`` and folders of its sources, and ``labels``.

    Raises ValueError for a file, folder, card or label table that is named and not there.
    ``elsewhere`` are folders in which a user may have meant it.
    """
    place = f"dataset '{dataset}'"
    named = [(key, source.get(key)) for source in settings["sources"] for key in CELL_PATHS]
    for key, path in named:
        _check_exists(path, place, key, elsewhere)
    for source in settings["sources"]:
        _existing_file(source.get("card"), f"{place}: the dataset card", elsewhere)
    labels = _existing_file(settings.get("labels"), f"{place}: the label table", elsewhere)
    files = [file for _, path in named if path for file in _files_of(Path(path))]
    return _without_wildcards({"files": files, "labels": labels}, place)


def _files_of(path: Path) -> list[str]:
    """The file, or a zarr group as one, or the files in a folder of any depth."""
    if not path.is_dir() or path.suffix == ".zarr":
        return [str(path)]
    return sorted(str(file) for file in path.rglob("*") if file.is_file())


def _swc_files(folder: Path, place: str, elsewhere: Iterable[Path]) -> list[str]:
    if not folder.is_dir():
        raise ValueError(
            f"{place}: the folder '{folder}' does not exist; "
            f"correct `folder` in the config or put the files there. "
            f"{relative(str(folder), elsewhere)}"
        )
    files = [
        str(path) for path in files_with_neurons(folder) if not (is_hidden(path) or is_unread(path))
    ]
    if not files:
        raise ValueError(
            f"{place}: the folder '{folder}' holds no neurons: .swc, .asc or .nml files, archives "
            "of them, or precomputed skeletons."
        )
    return files


def _existing_file(path: str | None, what: str, elsewhere: Iterable[Path]) -> list[str]:
    if path is None:
        return []
    if not Path(path).is_file():
        hint = relative(path, elsewhere)
        raise ValueError(f"{what} '{path}' does not exist; correct the path in the config. {hint}")
    return [path]


def _check_exists(path: str | None, place: str, key: str, elsewhere: Iterable[Path]) -> None:
    if path is not None and not Path(path).exists():
        raise ValueError(
            f"{place}: '{path}' does not exist; correct `{key}` in the config. "
            f"{relative(path, elsewhere)}"
        )


def organelle_files(
    dataset: str, settings: dict, elsewhere: Iterable[Path] = ()
) -> dict[str, list[str]]:
    """What a dataset of organelles reads: ``volumes``, small files of each that change with it, and
    ``classes``, its class table.

    Raises ValueError for a volume or table that is named and not there.
    ``elsewhere`` are folders in which a user may have meant it.
    """
    place = f"dataset '{dataset}'"
    named = [(key, settings[key]) for key in ORGANELLE_VOLUMES if key in settings]
    for key, path in named:
        if not is_address(path):
            _check_exists(path, place, key, elsewhere)
    table = _existing_file(settings.get("class_table"), f"{place}: the class table", elsewhere)
    files = [
        file for key, path in named for file in watched_files(path, settings.get(f"{key}_key"))
    ]
    return _without_wildcards({"volumes": sorted(set(files)), "classes": table}, place)


def organelle_fingerprints(settings: dict) -> str:
    """The fingerprints of a dataset's volumes as one text, by times or contents as it says."""
    contents = FINGERPRINTS if settings["fingerprint"] == "contents" else None
    levels = {"em": settings.get("em_level", settings["level"])}
    texts = [
        fingerprint(
            settings[key],
            settings.get(f"{key}_key"),
            levels.get(key, settings["level"]),
            contents=contents,
        )
        for key in ORGANELLE_VOLUMES
        if key in settings
    ]
    return " ".join(texts)


def dendrite_files(
    dataset: str, settings: dict, elsewhere: Iterable[Path] = ()
) -> dict[str, list[str]]:
    """What a dataset of dendrite images reads: the ``files`` of its sources, and ``labels``.

    Raises ValueError for a file, folder, card or label table that is named and not there.
    ``elsewhere`` are folders in which a user may have meant it.
    """
    place = f"dataset '{dataset}'"
    named = [source["images"] for source in settings["sources"] if "images" in source]
    for path in named:
        _check_exists(path, place, "images", elsewhere)
    for source in settings["sources"]:
        _existing_file(source.get("card"), f"{place}: the dataset card", elsewhere)
    labels = _existing_file(settings.get("labels"), f"{place}: the label table", elsewhere)
    files = [file for path in named for file in _files_of(Path(path))]
    return _without_wildcards({"files": files, "labels": labels}, place)


def _without_wildcards(files: dict[str, list[str]], place: str) -> dict[str, list[str]]:
    """The files; raises ValueError for one in whose path Snakemake would see a wildcard."""
    for path in (path for paths in files.values() for path in paths):
        if found := WILDCARD.search(path):
            raise ValueError(
                f"{place}: Snakemake takes '{found[0]}' in the path '{path}' for a wildcard; "
                "rename the file or folder without the braces."
            )
    return files

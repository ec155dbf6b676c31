"""The sources of a dataset of cells: arrays, folders of crops, and images with masks."""

from pathlib import Path

from morphoflow.cells.arrays import array_items
from morphoflow.cells.crops import CropSettings
from morphoflow.cells.folder import folder_items
from morphoflow.cells.items import Item
from morphoflow.cells.pairs import pair_items
from morphoflow.errors import InputError

READERS = {"arrays": array_items, "folder": folder_items, "images": pair_items}
PATHS = ("arrays", "array_labels", "folder", "images", "masks")
FETCHED_CROPS, FETCHED_LABELS = "crops.h5", "labels.csv"


def resolve(source: dict) -> dict:
    """The source that a folder of fetched data stands for: ``crops.h5``, or images and masks.

    Its ``name`` tells its files from those of other fetched data, which are called the same.
    """
    if "folder_of_source" not in source:
        return source
    folder = Path(source["folder_of_source"])
    rest = {name: value for name, value in source.items() if name != "folder_of_source"}
    rest["name"] = folder.name
    if (folder / FETCHED_CROPS).is_file():
        return {**rest, "arrays": str(folder / FETCHED_CROPS)}
    if (folder / "images").is_dir() and (folder / "masks").is_dir():
        return {**rest, "images": str(folder / "images"), "masks": str(folder / "masks")}
    raise InputError(
        f"{folder} holds neither {FETCHED_CROPS} nor images and masks; fetch the source anew."
    )


def list_items(source: dict, settings: CropSettings) -> list[Item]:
    """The files of one resolved source, in the order of their names."""
    kind = next(name for name in READERS if name in source)
    for name in PATHS:
        if name in source and not Path(source[name]).exists():
            raise InputError(f"{source[name]} does not exist; correct `{name}`.")
    return READERS[kind](source, settings)


def source_paths(source: dict) -> list[Path]:
    """The files and folders that a resolved source reads."""
    return [Path(source[name]) for name in PATHS if source.get(name)]


def source_options(source: dict) -> dict:
    """What a resolved source says beside its paths."""
    return {name: value for name, value in source.items() if name not in PATHS}


def source_labels(source: dict) -> list[Path]:
    """The label table that came with fetched data, if there is one."""
    table = Path(source.get("folder_of_source", "")) / FETCHED_LABELS
    return [table] if "folder_of_source" in source and table.is_file() else []

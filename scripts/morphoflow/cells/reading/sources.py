"""The sources of a dataset of cells: arrays, folders of crops, and images with masks."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from morphoflow.cells.reading.arrays import array_items
from morphoflow.cells.reading.crops import (
    Block,
    CropSettings,
    Item,
    Rows,
    Survey,
    as_rows,
    digest,
    ready_scale,
)
from morphoflow.cells.reading.fit import border_medians, check_fit, fit
from morphoflow.cells.reading.levels import every, fitting, pool
from morphoflow.cells.reading.pairs import pair_items
from morphoflow.errors import InputError
from morphoflow.images.images import Picture, image_sides, read_image
from morphoflow.images.intensity import check_type, in_unit
from morphoflow.images.listing import list_images, nothing_to_read, stem
from morphoflow.manifest import check_listed
from morphoflow.reading.findings import Finding
from morphoflow.records import MANIFEST

# Ready crops as image files, in folders of any depth.


def folder_items(source: dict, settings: CropSettings) -> list[Item]:
    """The image files of ``source["folder"]``; their paths, with _ for /, are the ids.

    With ``label_from: folder`` a crop's label is the name of the folder that it lies in. Crops that
    are numbered after a common name, such as ``image7_1`` and ``image7_2``, are a group unless
    ``group`` is ``object``.
    """
    folder = Path(source["folder"])
    files: dict[str, Path] = {}
    for file in list_images(folder):
        identifier = stem(file, folder).replace("/", "_")
        if identifier in files:
            raise InputError(
                f"{folder}: {files[identifier].relative_to(folder)} and {file.relative_to(folder)} "
                f"would both have the id '{identifier}'; rename one."
            )
        files[identifier] = file
    if not files:
        raise InputError(nothing_to_read(folder))
    groups = _groups(list(files), source.get("group", "image"))
    paths = list(files.values())
    return [
        Item(
            file.relative_to(folder).as_posix(),
            False,
            partial(_read, identifier, groups[identifier], file, paths, source, settings),
            partial(_survey, identifier, groups[identifier], file, source),
        )
        for identifier, file in files.items()
    ]


# What follows the image's name in that of a crop, and how many images names must tell apart: fewer
# are rather one name for all, such as cell_1 to cell_99.
NUMBER = re.compile(r"[_-]\d+$")
FEWEST_IMAGES = 6

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
    check_listed(folder / MANIFEST)
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


def _groups(identifiers: list[str], group: str) -> dict[str, str]:
    """The group of each crop: the image whose name, with a number after it, is the crop's.

    That is so for ``group`` image where the names tell several images apart, of several crops each;
    otherwise, as for ``object``, each crop is alone.
    """
    images = {name: NUMBER.sub("", name) for name in identifiers}
    n = len(set(images.values()))
    if group == "object" or not FEWEST_IMAGES <= n < len(identifiers):
        return {name: name for name in identifiers}
    return images


def _survey(identifier: str, group: str, file: Path, source: dict, n: int) -> Survey:
    picture = _open(file, source)
    rows = _row(identifier, group, file, source, picture, 1.0)
    values = picture.pixels.reshape(len(picture.pixels), -1)
    values = values[:, every(values.shape[1], n)]
    owner = np.zeros(values.shape[1], dtype=int)
    rows["digest"] = np.array([digest(picture.pixels)], dtype=object)
    return Survey(rows, [pool(values, owner, picture.channels)])


def _open(file: Path, source: dict) -> Picture:
    picture = read_image(file, source.get("channels"), source.get("project"))
    return replace(picture, channels=source.get("channels") or picture.channels)


def _sizes(files: list[Path], size: int) -> str:
    """How many of the crops are larger than ``size``, and the largest sides of all."""
    sides = np.array([image_sides(file) for file in files])
    larger = (sides > size).any(axis=1).sum()
    low, high = sides.min(axis=0), sides.max(axis=0)
    return (
        f"; all {len(files)} are {low[0]} to {high[0]} pixels high and {low[1]} to {high[1]} wide, "
        f"{larger} of them larger than that"
    )


def _read(
    identifier: str,
    group: str,
    file: Path,
    files: list[Path],
    source: dict,
    settings: CropSettings,
    limits: np.ndarray | None,
    notes: list[Finding],
) -> Iterator[Block]:
    picture = _open(file, source)
    check_type(picture.pixels.dtype, settings.range)
    pixel_size = source.get("pixel_size_um") or picture.pixel_size_um
    sides = picture.pixels.shape[1:]
    scale = ready_scale(source, pixel_size, sides, settings)
    check_fit(*sides, settings.size, scale, partial(_sizes, files, settings.size))
    limits = fitting(limits, len(picture.pixels))
    x = in_unit(picture.pixels[None], settings.range, settings.percentiles, limits)
    rows = _row(identifier, group, file, source, picture, scale)
    yield Block(fit(x, settings.size, scale, border_medians(x)), None, rows, picture.channels)


def _row(
    identifier: str, group: str, file: Path, source: dict, picture: Picture, scale: float
) -> Rows:
    nested = source.get("label_from") == "folder" and file.parent != Path(source["folder"])
    return as_rows(
        [identifier],
        file.relative_to(source["folder"]).as_posix(),
        label=file.parent.name if nested else None,
        group=[group],
        pixel_size_um=source.get("pixel_size_um") or picture.pixel_size_um or np.nan,
        crop_scale=scale,
    )

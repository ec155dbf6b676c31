"""Arrays of zarr 2 and 3, alone, in groups, or as levels of OME-Zarr."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.integrity import check_files, is_sealed
from morphoflow.organelles.volumes.chunked import ChunkedVolume, open_chunked
from morphoflow.organelles.volumes.units import Size, to_nm, voxel_size_of

MARKS = ("zarr.json", ".zarray", ".zgroup")

DRIVERS = {2: "zarr", 3: "zarr3"}


def open_zarr(path: Path, key: str | None, level: int, *, sparse: bool) -> ChunkedVolume:
    """The array at ``path``, or at ``key`` in it; of a pyramid its level number ``level``."""
    target = path / (key or "")
    if is_array(target):
        return _open_array(target, _level_above(target), sparse=sparse)
    if is_node(target):
        levels = _levels(target)
        if levels:
            chosen = pick_level(str(target), levels, level)
            return _open_array(target / chosen.path, chosen, sparse=sparse)
    arrays = list(array_folders(path, is_array))
    if key is None and len(arrays) == 1:
        return _open_array(arrays[0], None, sparse=sparse)
    raise no_choice(path, key, [array.relative_to(path).as_posix() for array in arrays])


def is_node(folder: Path) -> bool:
    """Whether a folder is an array or a group of zarr."""
    return any((folder / mark).is_file() for mark in MARKS)


def is_array(folder: Path) -> bool:
    """Whether a folder is an array of zarr."""
    if (folder / "zarr.json").is_file():
        return read_json(folder / "zarr.json").get("node_type") == "array"
    return (folder / ".zarray").is_file()


# What the metadata of OME-Zarr, versions 0.4 and 0.5, says of a pyramid's levels.
#
# Moore et al., "OME-Zarr: a cloud-optimized bioimaging file format with international community
# support", Histochemistry and Cell Biology 160, 2023; https://ngff.openmicroscopy.org.


@dataclass(frozen=True)
class Level:
    """One array of a pyramid: its path in the group, its axes' names, its voxel size (z, y, x)."""

    path: str
    axes: list[str]
    voxel_size_nm: Size | None


def _open_array(folder: Path, level: Level | None, *, sparse: bool) -> ChunkedVolume:
    if is_sealed(folder.parent):
        # A volume of this project, which lists its chunks: one that is lost is none of zeros.
        check_files(folder.parent)
    if not is_array(folder):
        raise InputError(
            f"{folder} is named by the metadata of its group but is no zarr array; "
            f"copy or export the volume anew."
        )
    driver = DRIVERS[3 if (folder / "zarr.json").is_file() else 2]
    axes = (level.axes or None) if level else None
    size = level.voxel_size_nm if level else voxel_size_of(_attributes(folder), "zyx")
    return open_chunked(folder, driver, axes, size, sparse=sparse)


def _level_above(folder: Path) -> Level | None:
    """What the group around an array says of it, if the array is a level of its pyramid."""
    if not is_node(folder.parent):
        return None
    levels = _levels(folder.parent)
    return next((level for level in levels if level.path == folder.name), None)


def _levels(group: Path) -> list[Level]:
    try:
        return levels_of(_attributes(group))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"the OME-Zarr metadata of {group} are not as the format says "
            f"({type(error).__name__}: {error}); export the volume anew."
        ) from None


def _attributes(folder: Path) -> dict:
    if (folder / "zarr.json").is_file():
        return read_json(folder / "zarr.json").get("attributes", {})
    return read_json(folder / ".zattrs") if (folder / ".zattrs").is_file() else {}


def levels_of(attributes: Mapping) -> list[Level]:
    """The levels of the first pyramid that a group's attributes describe, the finest first."""
    described = attributes.get("ome", attributes).get("multiscales")
    if not described:
        return []
    pyramid = described[0]
    return [_level(pyramid, dataset) for dataset in pyramid["datasets"]]


def pick_level(group: str, levels: list[Level], level: int) -> Level:
    """Level number ``level``; raises InputError if there are fewer."""
    if level < len(levels):
        return levels[level]
    raise InputError(
        f"{group} has {len(levels)} levels, but level {level} is set; "
        f"set `level` to a number from 0 to {len(levels) - 1}."
    )


def _level(pyramid: Mapping, dataset: Mapping) -> Level:
    axes = [_named(axis) for axis in pyramid.get("axes", [])]
    names = [axis["name"].lower() for axis in axes]
    if not set("zyx") <= set(names):
        return Level(dataset["path"], names, None)
    transformations = (*_scales(dataset), *_scales(pyramid))
    order = [names.index(axis) for axis in "zyx"]
    scale = [prod(step[i] for step in transformations) for i in order]
    units = [axes[i].get("unit") for i in order]
    return Level(dataset["path"], names, to_nm(scale, units) if transformations else None)


def _named(axis: Mapping | str) -> Mapping:
    """Versions before 0.4 give axes as names alone."""
    return {"name": axis} if isinstance(axis, str) else axis


def _scales(part: Mapping) -> list[list[float]]:
    steps = part.get("coordinateTransformations", [])
    return [step["scale"] for step in steps if step["type"] == "scale"]


# The arrays in a folder of nested groups, and which one a user means.


def read_json(file: Path) -> dict:
    """The content of a metadata file; raises InputError if it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{file} cannot be read as JSON ({error}); copy or export the volume anew."
        ) from None
    if not isinstance(content, dict):
        raise InputError(f"{file} holds no JSON object; copy or export the volume anew.")
    return content


def array_folders(root: Path, is_array: Callable[[Path], bool]) -> Iterator[Path]:
    """The folders of arrays below ``root``, in order; those inside an array are not looked at."""
    for folder in sorted(inner for inner in root.iterdir() if inner.is_dir()):
        if is_array(folder):
            yield folder
        else:
            yield from array_folders(folder, is_array)


def no_choice(path: Path, key: str | None, keys: list[str]) -> InputError:
    """The error for a file of arrays of which none, or not one alone, is meant."""
    wanted = "holds more than one array or none" if key is None else f"has no array '{key}'"
    return InputError(
        f"{path} {wanted} (it holds: {', '.join(keys) or 'nothing'}); set the key to one of them."
    )

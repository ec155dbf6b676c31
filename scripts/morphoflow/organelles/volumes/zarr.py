"""Arrays of zarr 2 and 3, alone, in groups, or as levels of OME-Zarr."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.integrity import check_files, is_sealed
from morphoflow.organelles.volumes.chunked import ChunkedVolume, open_chunked
from morphoflow.organelles.volumes.remote import StoreFolder
from morphoflow.organelles.volumes.units import (
    Offset,
    Size,
    offset_of,
    place,
    to_nm,
    voxel_size_of,
)

MARKS = ("zarr.json", ".zarray", ".zgroup")

DRIVERS = {2: "zarr", 3: "zarr3"}


def open_zarr(
    path: Path | StoreFolder, key: str | None, level: int, *, sparse: bool
) -> ChunkedVolume:
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
        return _open_array(arrays[0], _level_above(arrays[0]), sparse=sparse)
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
    """One array of a pyramid: its path in the group, its axes' names, and where it lies."""

    path: str
    axes: list[str]
    voxel_size_nm: Size | None
    offset: Offset | None = None


def _open_array(folder: Path, level: Level | None, *, sparse: bool) -> ChunkedVolume:
    if isinstance(folder, Path) and is_sealed(folder.parent):
        # A volume of this project, which lists its chunks: one that is lost is none of zeros.
        check_files(folder.parent)
    if not is_array(folder):
        raise InputError(
            f"{folder} is named by the metadata of its group but is no zarr array; "
            f"copy or export the volume anew."
        )
    driver = DRIVERS[3 if (folder / "zarr.json").is_file() else 2]
    if level:
        axes, placed = level.axes or None, (level.voxel_size_nm, level.offset)
    else:
        attributes = _attributes(folder)
        axes = _axes_of(folder, attributes)
        order = "".join(axis for axis in axes or () if axis in "zyx") or "zyx"
        placed = voxel_size_of(attributes, order), offset_of(attributes, order)
    return open_chunked(folder, driver, axes, placed, sparse=sparse)


def _axes_of(folder: Path | StoreFolder, attributes: Mapping) -> list[str] | None:
    """The names of an array's axes, where it says so itself, or xarray or funlib for it."""
    described = read_json(folder / "zarr.json") if (folder / "zarr.json").is_file() else {}
    stated = attributes.get("_ARRAY_DIMENSIONS") or attributes.get("axis_names")
    names = [str(name).lower() for name in described.get("dimension_names") or stated or ()]
    return names if set("zyx") <= set(names) else None


def _level_above(folder: Path | StoreFolder) -> Level | None:
    """What a group around an array says of it, if the array is a level of its pyramid."""
    group, path = folder.parent, folder.name
    while is_node(group):
        found = next((level for level in _levels(group) if level.path == path), None)
        if found is not None or group.parent == group:
            return found
        group, path = group.parent, f"{group.name}/{path}"
    return None


def _levels(group: Path) -> list[Level]:
    try:
        return levels_of(_attributes(group))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
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
    levels = [_level(pyramid, dataset) for dataset in pyramid["datasets"]]
    return [levels[0], *(_beside(level, levels[0]) for level in levels[1:])]


def unit_nm(group: Path) -> float | None:
    """The unit of a pyramid's x axis in nm; None where it is not known, and of what is none."""
    if not is_node(group):
        return None
    attributes = _attributes(group)
    described = attributes.get("ome", attributes).get("multiscales") or [{}]
    axes = [axis for axis in described[0].get("axes", ()) if isinstance(axis, dict)]
    units = [axis.get("unit") for axis in axes if axis.get("name") == "x"]
    length = to_nm((1, 1, 1), units * 3) if units else None
    return length and length[0]


def _beside(level: Level, finest: Level) -> Level:
    """A coarser level; where it is said to begin where the finest does, its corner is meant.

    The centre of its first voxel is another, but some exporters repeat one translation at all
    levels.
    """
    if level.offset is None or level.offset != finest.offset:
        return level
    return replace(level, offset=Offset(level.offset.nm))


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
    steps = [
        step for part in (dataset, pyramid) for step in part.get("coordinateTransformations", [])
    ]
    if not steps:
        return Level(dataset["path"], names, None)
    scale, shift = _composed(steps, len(names))
    order = [names.index(axis) for axis in "zyx"]
    units = [axes[i].get("unit") for i in order]
    is_stated = any(step["type"] == "translation" for step in steps)
    offset = place([shift[i] for i in order], units, centred=True) if is_stated else None
    return Level(dataset["path"], names, to_nm([scale[i] for i in order], units), offset)


def _named(axis: Mapping | str) -> Mapping:
    """Versions before 0.4 give axes as names alone."""
    return {"name": axis} if isinstance(axis, str) else axis


def _composed(steps: list[Mapping], rank: int) -> tuple[list[float], list[float]]:
    """Scale and translation along each axis of all steps, one after the other."""
    scale, shift = [1.0] * rank, [0.0] * rank
    for step in steps:
        if step["type"] == "scale":
            scale = [a * b for a, b in zip(scale, step["scale"], strict=True)]
            shift = [a * b for a, b in zip(shift, step["scale"], strict=True)]
        elif step["type"] == "translation":
            shift = [a + b for a, b in zip(shift, step["translation"], strict=True)]
        elif step["type"] != "identity":
            raise InputError(
                f"the OME-Zarr metadata name a transformation '{step['type']}' "
                f"({ {k: v for k, v in step.items() if k != 'type'} }), but only `scale` and "
                f"`translation` are read; resample the volume to axes that are not turned."
            )
    return scale, shift


# The arrays in a folder of nested groups, and which one a user means.


def read_json(file: Path) -> dict:
    """The content of a metadata file; raises InputError if it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
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

"""What the metadata of OME-Zarr, versions 0.4 and 0.5, says of a pyramid's levels.

Moore et al., "OME-Zarr: a cloud-optimized bioimaging file format with international community
support", Histochemistry and Cell Biology 160, 2023; https://ngff.openmicroscopy.org.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from morphoflow.errors import InputError
from morphoflow.organelles.units import Size, to_nm


@dataclass(frozen=True)
class Level:
    """One array of a pyramid: its path in the group, its axes' names, its voxel size (z, y, x)."""

    path: str
    axes: list[str]
    voxel_size_nm: Size | None


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

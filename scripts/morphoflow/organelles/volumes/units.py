"""Units of length in nanometres, under the names that volume formats give them."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

NM_PER_UNIT = {
    **dict.fromkeys(("pm", "picometer"), 1e-3),
    **dict.fromkeys(("å", "angstrom"), 0.1),
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns", "\\u00b5m"), 1e3),
    **dict.fromkeys(("micrometer", "micrometers", "micrometre"), 1e3),
    **dict.fromkeys(("mm", "millimeter"), 1e6),
    **dict.fromkeys(("cm", "centimeter"), 1e7),
    **dict.fromkeys(("m", "meter"), 1e9),
}

Size = tuple[float, float, float]
Placed = TypeVar("Placed")


@dataclass(frozen=True)
class Offset:
    """Where a volume begins, in nm along z, y and x.

    ``centred`` formats state the centre of the first voxel, others its corner. ``directions`` are
    1 or -1 along each axis where the format states whether the array runs along or against it.
    Without ``unit`` nobody knows how many nm the numbers are.
    """

    nm: Size
    centred: bool = False
    directions: tuple[float, float, float] | None = None
    unit: bool = True


NO_OFFSET = Offset((0.0, 0.0, 0.0))


def to_nm(values: Sequence[float], units: Iterable[str | None]) -> Size | None:
    """Lengths in nm; None if a unit is missing or unknown, or a length is not above zero."""
    lengths = places_nm(values, units)
    return lengths if lengths and min(lengths) > 0 else None


def places_nm(values: Sequence[float], units: Iterable[str | None]) -> Size | None:
    """Three coordinates in nm; None if a unit is missing or unknown, or one is not finite."""
    factors = [NM_PER_UNIT.get((unit or "").strip().lower()) for unit in units]
    if None in factors or len(factors) != len(values) or len(values) != 3:
        return None
    places = tuple(float(v) * f for v, f in zip(values, factors, strict=True))
    return places if all(map(math.isfinite, places)) else None


def place(values: Sequence[float], units: Iterable[str | None], **facts) -> Offset | None:
    """An offset, with ``facts`` of it; None if a coordinate is not finite or not stated."""
    units = list(units)
    known = places_nm(values, units)
    if known is not None:
        return Offset(known, **facts)
    numbers = places_nm(values, ["nm"] * 3)
    return numbers and Offset(numbers, unit=not any(numbers), **facts)


# The voxel size that the attributes of an array state, under the names in use.
#
# ``voxel_size_nm`` and ``element_size_um`` (ilastik, PlantSeg) are along z, y, x;
# ``transform`` (CellMap) names its axes; ``pixelResolution`` (N5 viewers) and ``resolution``
# (CREMI, Paintera, funlib) follow the array's own axes, the latter in nm unless it names its units;
# both are those of a pyramid's finest level where ``downsamplingFactors`` stands beside them.


def voxel_size_of(attributes: Mapping, axes: str) -> Size | None:
    """Voxel size in nm along z, y and x, if stated; ``axes`` is the array's order, zyx or xyz."""
    readers = (_in_zyx, _transform, _pixel_resolution, _resolution)
    sizes = (reader(attributes, axes) for reader in readers)
    return next((size for size in sizes if size is not None), None)


def _in_zyx(attributes: Mapping, axes: str) -> Size | None:
    for name, unit in (("voxel_size_nm", "nm"), ("element_size_um", "um")):
        if name in attributes:
            return to_nm(list(attributes[name]), [unit] * 3)
    return None


def _transform(attributes: Mapping, axes: str) -> Size | None:
    transform = attributes.get("transform")
    if not isinstance(transform, Mapping) or "axes" not in transform:
        return None
    return _ordered(transform["scale"], "".join(transform["axes"]), _units(transform))


def _units(transform: Mapping) -> Sequence[str | None]:
    """The units of a transform's axes, which some exporters leave out."""
    return transform.get("units") or [None] * 3


def _pixel_resolution(attributes: Mapping, axes: str) -> Size | None:
    resolution = attributes.get("pixelResolution")
    if not isinstance(resolution, Mapping):
        return None
    values = _downsampled(resolution["dimensions"], attributes)
    return _ordered(values, axes, [resolution.get("unit")] * len(values))


def _resolution(attributes: Mapping, axes: str) -> Size | None:
    values = attributes.get("resolution", attributes.get("voxel_size"))
    if values is None:
        return None
    units = attributes.get("units", attributes.get("unit", "nm"))
    values = _downsampled(values, attributes)
    return _ordered(values, axes, [units] * len(values) if isinstance(units, str) else units)


def _downsampled(values: Sequence[float], attributes: Mapping) -> list[float]:
    factors = attributes.get("downsamplingFactors", [1] * len(values))
    return [value * factor for value, factor in zip(values, factors, strict=True)]


def _ordered(
    values: Sequence[float],
    axes: str,
    units: Sequence[str | None],
    convert: Callable[..., Placed | None] = to_nm,
) -> Placed | None:
    """Lengths along ``axes``, converted as those along z, y and x."""
    if sorted(axes) != ["x", "y", "z"] or not len(values) == len(units) == 3:
        return None
    order = [axes.index(axis) for axis in "zyx"]
    return convert([values[i] for i in order], [units[i] for i in order])


# Where the attributes say that an array begins: ``offset`` (CREMI, Paintera, funlib) is the corner
# of its first voxel, ``translate`` of a ``transform`` (CellMap) the centre.


def offset_of(attributes: Mapping, axes: str) -> Offset | None:
    """The offset of an array, if stated; ``axes`` is its order, zyx or xyz."""
    transform = attributes.get("transform")
    if isinstance(transform, Mapping) and "translate" in transform:
        named = "".join(transform["axes"])
        centre = partial(place, centred=True)
        return _ordered(transform["translate"], named, _units(transform), centre)
    if "offset" not in attributes:
        return None
    units = attributes.get("units", attributes.get("unit", "nm"))
    units = [units] * 3 if isinstance(units, str) else units
    return _ordered(list(attributes["offset"]), axes, units, place)

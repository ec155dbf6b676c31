"""How EM lies on the grid of its labels: by what the files say of voxel sizes and offsets."""

from dataclasses import dataclass, replace

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box, Triple
from morphoflow.organelles.volumes.grids import TOLERANCE, Ratios, ratio, voxel_ratio
from morphoflow.organelles.volumes.units import NO_OFFSET, Offset, Size
from morphoflow.organelles.volumes.volume import Volume


@dataclass(frozen=True)
class Placed:
    """A volume with the voxel size and the offset that it is taken to have."""

    what: str
    volume: Volume
    size: Size | None
    offset: Offset

    def in_words(self) -> str:
        """What a message says of it."""
        begins = " x ".join(f"{n:g}" for n in self.offset.nm)
        return (
            f"{self.what} {self.volume.path} ({times(self.volume.shape)} voxels of "
            f"{nm_in_words(self.size)}, offset {begins} nm)"
        )


@dataclass(frozen=True)
class Pairing:
    """EM on the labels' grid.

    ``ratios`` are those of :func:`morphoflow.organelles.volumes.grids.ratio`; ``start`` is the
    voxel of the finer of both at which the labels begin, counted from the EM's first; ``overlap``
    are the labels' voxels that have EM.
    """

    ratios: Ratios
    start: Triple
    overlap: Box


def pair(labels: Placed, em: Placed) -> Pairing:
    """How the ``em`` lies on the grid of the ``labels``.

    Where neither has an offset other than 0, both must be equally long; otherwise each axis is
    shifted by the difference of the offsets and the overlap is used. Raises InputError where the
    voxels are no multiples of each other, the shift is no whole number of the finer voxels, both
    run in different directions, or nothing overlaps.
    """
    if run_apart(labels.offset, em.offset):
        raise InputError(
            f"{labels.in_words()} and {em.in_words()} run in opposite directions along an axis; "
            f"flip the array of one, and its axes with it."
        )
    if not any((*labels.offset.nm, *em.offset.nm)):
        return Pairing(_equally_long(labels, em), (0, 0, 0), whole(labels.volume))
    if em.size is None:
        raise InputError(
            f"{em.in_words()} does not state its voxel size, so that offsets say nothing of where "
            f"it lies; set `em_voxel_size_nm`."
        )
    ratios = tuple(map(voxel_ratio, labels.size, em.size))
    if None in ratios:
        raise _do_not_fit(labels, em)
    start = _start(labels, em)
    ends = zip(labels.volume.shape, em.volume.shape, ratios, start, strict=True)
    covered = [_covered(*axis) for axis in ends]
    if any(a >= b for a, b in covered):
        raise InputError(
            f"{labels.in_words()} and {em.in_words()} have no voxel in common; correct the offsets "
            f"in the files, or set `offset_nm` and `em_offset_nm`."
        )
    low, high = zip(*covered, strict=True)
    return Pairing(ratios, start, Box(low, high))


def in_nm(labels: Offset, em: Offset) -> tuple[Offset, Offset]:
    """Both offsets as they are to be used: equal ones without a unit are as good as none.

    Raises InputError for others without a unit.
    """
    if labels.unit and em.unit:
        return labels, em
    if not labels.unit and not em.unit and labels.nm == em.nm:
        return tuple(replace(each, nm=NO_OFFSET.nm, unit=True) for each in (labels, em))
    raise InputError(
        f"the labels begin at {times(labels.nm)} and the EM at {times(em.nm)}, of which one does "
        f"not state its unit; set `offset_nm` and `em_offset_nm`."
    )


def run_apart(first: Offset, second: Offset) -> bool:
    """Whether two arrays run in different directions; those that do not state theirs may."""
    stated = first.directions, second.directions
    return None not in stated and stated[0] != stated[1]


def _covered(length: int, other: int, ratios: tuple[int, int], start: int) -> tuple[int, int]:
    """The voxels of the labels that have EM along an axis; the last may have a part of theirs."""
    n, up = ratios
    low = max(0, -(start // n))
    return low, min(length, -((start - other * up) // n) + up - 1)


def _start(labels: Placed, em: Placed) -> Triple:
    """Where the labels begin in the finer of both voxels, from the EM's first one on."""
    finer = np.minimum(labels.size, em.size)
    corners = np.subtract(labels.offset.nm, em.offset.nm)
    shifts = [corners]
    if labels.offset.centred or em.offset.centred:
        # Centres of voxels of two sizes, of which some exporters mean the corners.
        shifts.insert(0, corners - np.subtract(labels.size, em.size) / 2)
    for shift in shifts:
        voxels = shift / finer
        if (np.abs(voxels - voxels.round()) <= TOLERANCE).all():
            return tuple(int(n) for n in voxels.round())
    voxels = " x ".join(f"{n:.4g}" for n in shifts[0] / finer)
    raise InputError(
        f"{labels.in_words()} and {em.in_words()} are shifted by {voxels} voxels along z, y and x, "
        f"but only whole voxels can be shifted; resample one onto the grid of the other, or "
        f"correct `offset_nm` and `em_offset_nm`."
    )


def _equally_long(labels: Placed, em: Placed) -> Ratios:
    sizes = labels.size, em.size or (None,) * 3
    ratios = tuple(map(ratio, labels.volume.shape, em.volume.shape, *sizes))
    if None in ratios:
        raise _do_not_fit(labels, em)
    return ratios


def _do_not_fit(labels: Placed, em: Placed) -> InputError:
    return InputError(
        f"{labels.in_words()} and {em.in_words()} do not fit; along each axis one voxel must be a "
        f"whole number of the other's and both must be equally long, unless an offset says how "
        f"they lie: crop or resample one, or correct `voxel_size_nm`, `em_voxel_size_nm`, "
        f"`offset_nm` and `em_offset_nm`."
    )


def whole(volume: Volume) -> Box:
    """All voxels of a volume."""
    return Box((0, 0, 0), volume.shape)


def times(shape: Triple) -> str:
    """Lengths in words."""
    return " x ".join(map(str, shape))


def nm_in_words(size: Size | None) -> str:
    """A voxel size in words."""
    return "unknown size" if size is None else f"{' x '.join(f'{n:g}' for n in size)} nm"


# Labels of which a part has no EM.


class PartlyRead:
    """A volume that is 0 outside of a ``box``, where nothing is read from disk."""

    def __init__(self, volume: Volume, box: Box) -> None:
        self.path, self.shape, self.dtype = volume.path, volume.shape, volume.dtype
        self.chunks, self.voxel_size_nm = volume.chunks, volume.voxel_size_nm
        self.offset = volume.offset
        self._volume, self._box = volume, box

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        common = box.common(self._box)
        if common == box:
            return self._volume.read(box)
        values = np.zeros(box.shape, self.dtype)
        if common is not None:
            values[common.within(box)] = self._volume.read(common)
        return values

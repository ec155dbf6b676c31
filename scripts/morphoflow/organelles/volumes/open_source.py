"""Opens an EM volume with its labels, and checks that they belong together."""

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box, Triple, blocks
from morphoflow.organelles.volumes.chunked import ChunkedVolume
from morphoflow.organelles.volumes.grids import TOLERANCE, RegriddedVolume
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.pairing import (
    Pairing,
    PartlyRead,
    Placed,
    in_nm,
    nm_in_words,
    pair,
    run_apart,
    times,
    whole,
)
from morphoflow.organelles.volumes.source import NoEM, Source
from morphoflow.organelles.volumes.units import NO_OFFSET, Offset, Size
from morphoflow.organelles.volumes.volume import MissingChunk, Volume, in_words

EM_TYPES = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64")
# Neighbouring voxels differ at most places of an image, and at few places among labels: measured,
# FIB-SEM 0.95 and its dense labels 0.03, ssTEM 0.98 and its masks of mitochondria 0.002.
MOST, FEW = 0.5, 0.2
# Voxels of organelles are not larger: cells themselves would hardly be seen.
LARGEST_NM = 10_000
SIDE = 128
PLACES = ((0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.75, 0.75, 0.75), (0.5, 0.25, 0.75))
# Whole numbers up to these are all exact, by the bytes of a floating-point type.
EXACT = {2: 1 << 11, 4: 1 << 24, 8: 1 << 53}


def open_source(settings: dict) -> Source:
    """Open the ``labels`` that ``settings`` name, and ``em``, ``classes`` and ``context`` if any.

    Each may have a key (``em_key``, ...); ``level`` is that of pyramids, and ``em_level`` that of
    the EM where it is another. ``voxel_size_nm`` and ``offset_nm``, ``em_voxel_size_nm`` and
    ``em_offset_nm`` (z, y, x) take the place of what the files say of labels and EM. EM on a finer,
    coarser or shifted grid is brought to that of the labels, of which only what has EM is used.
    Raises InputError for labels of a type that holds no whole numbers, for a voxel size that is not
    stated or that no image of organelles has, for grids that do not fit, and for labels and EM that
    were exchanged.
    """
    level = settings.get("level") or 0
    given = _open(settings, "labels", level)
    if "em" in settings:
        return _with_em(settings, given, level)
    size, stated = _labels_size(settings, given), _labels_offset(settings, given)
    offset, _ = in_nm(stated, stated)
    labels = as_ids(given, "labels")
    kinds = _beside(settings, level, labels, offset)
    return Source(labels, NoEM(labels.shape, labels.chunks), size, offset=offset, **kinds)


def _with_em(settings: dict, labels: Volume, level: int) -> Source:
    """The ``labels`` with their EM."""
    em_level = settings.get("em_level", level)
    em = _open(settings, "em", em_level)
    _check_distinct(settings)
    _check_types(labels, em)
    size = _labels_size(settings, labels)
    em_size = _size(settings.get("em_voxel_size_nm")) or em.voxel_size_nm
    offset, em_offset = in_nm(
        _labels_offset(settings, labels),
        _offset(settings.get("em_offset_nm")) or em.offset or NO_OFFSET,
    )
    pairing = pair(
        Placed("the labels", labels, size, offset), Placed("the EM", em, em_size, em_offset)
    )
    if look_swapped(labels, em):
        raise InputError(
            f"the labels {labels.path} change from voxel to voxel like an image, and the EM "
            f"{em.path} hardly does; exchange `labels` and `em`."
        )
    labels = as_ids(labels, "labels")
    kinds = _beside(settings, level, labels, offset)
    if pairing.overlap != whole(labels):
        labels = PartlyRead(labels, pairing.overlap)
    on_grid = _on_grid(em, labels.shape, pairing)
    if isinstance(em, ChunkedVolume):
        strict = _on_grid(_open(settings, "em", em_level, sparse=False), labels.shape, pairing)
        on_grid = GapCheckedVolume(strict, on_grid, labels)
    return Source(labels, on_grid, size, offset=offset, used=pairing.overlap, **kinds)


def _labels_size(settings: dict, labels: Volume) -> Size:
    """The size of the labels' voxels, as stated or by the file."""
    size = _size(settings.get("voxel_size_nm"))
    if size is not None:
        return size
    way_out = "set `voxel_size_nm` to the size of a voxel along z, y and x in nm"
    if labels.voxel_size_nm is None:
        raise InputError(f"the voxel size of the labels {labels.path} is not stated; {way_out}.")
    if max(labels.voxel_size_nm) > LARGEST_NM:
        raise InputError(
            f"the labels {labels.path} state voxels of {nm_in_words(labels.voxel_size_nm)}, in "
            f"which no organelle is seen (NIfTI, for one, counts in mm); {way_out}."
        )
    return labels.voxel_size_nm


def _labels_offset(settings: dict, labels: Volume) -> Offset:
    return _offset(settings.get("offset_nm")) or labels.offset or NO_OFFSET


def _beside(settings: dict, level: int, labels: Volume, offset: Offset) -> dict:
    """The volumes beside the labels, on their grid, as fields of a source."""
    return {
        name: _same_grid(settings, name, level, labels, offset) for name in ("classes", "context")
    }


def _open(settings: dict, name: str, level: int, *, sparse: bool = True) -> Volume:
    path, key = settings[name], settings.get(f"{name}_key")
    return open_volume(path, key=key, level=level, sparse=sparse)


def _same_grid(
    settings: dict, name: str, level: int, labels: Volume, offset: Offset
) -> Volume | None:
    """The volume of classes or of the context, where there is one, on the labels' grid."""
    if not settings.get(name):
        return None
    volume = as_ids(_open(settings, name, level), name)
    if volume.shape != labels.shape:
        raise InputError(
            f"the {name} {volume.path} have {times(volume.shape)} voxels, but the labels "
            f"{labels.path} have {times(labels.shape)}; give both the same grid."
        )
    sizes = volume.voxel_size_nm, labels.voxel_size_nm
    # Where the size is stated, that of the labels' file may be wrong.
    is_stated = settings.get("voxel_size_nm") is not None
    if not is_stated and None not in sizes and not np.allclose(*sizes, rtol=TOLERANCE):
        raise InputError(
            f"the {name} {volume.path} have voxels of {nm_in_words(sizes[0])}, but the labels "
            f"{labels.path} of {nm_in_words(sizes[1])}; give both the same grid."
        )
    if volume.offset is not None and run_apart(volume.offset, offset):
        raise InputError(
            f"the {name} {volume.path} and the labels {labels.path} run in opposite directions "
            f"along an axis; flip the array of one, and its axes with it."
        )
    # Numbers without a unit are compared with those of the labels as they stand.
    beside = offset if volume.offset is None or volume.offset.unit else labels.offset or offset
    if volume.offset is not None and volume.offset.nm != beside.nm:
        raise InputError(
            f"the {name} {volume.path} begin at {times(volume.offset.nm)} nm, but the labels "
            f"{labels.path} at {times(offset.nm)} nm; give both the same grid."
        )
    return volume


def _check_distinct(settings: dict) -> None:
    em, labels = ((settings[n], settings.get(f"{n}_key")) for n in ("em", "labels"))
    if em == labels:
        raise InputError(f"`em` and `labels` name the same volume {em[0]}; name one of each.")


def _check_types(labels: Volume, em: Volume) -> None:
    if labels.dtype.kind == "f" and em.dtype.kind == "u" and em.dtype.itemsize > 2:
        raise InputError(
            f"the labels {labels.path} are {labels.dtype} and the EM {em.path} is {em.dtype}; "
            f"exchange `labels` and `em`."
        )
    if em.dtype.name not in EM_TYPES:
        raise InputError(
            f"the EM {em.path} is {em.dtype}, not grey values; convert it to uint8 or uint16."
        )


def _on_grid(em: Volume, shape: Triple, pairing: Pairing) -> Volume:
    if em.shape == shape and pairing.ratios == ((1, 1),) * 3 and pairing.start == (0, 0, 0):
        return em
    return RegriddedVolume(em, shape, pairing.ratios, pairing.start)


def _size(stated: list[float] | None) -> Size | None:
    if stated is None:
        return None
    sizes = np.asarray(stated, np.float64)
    if sizes.shape != (3,) or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InputError(f"the voxel size {stated} is not three lengths above 0 in nm (z, y, x).")
    return tuple(sizes.tolist())


def _offset(stated: list[float] | None) -> Offset | None:
    if stated is None:
        return None
    place = np.asarray(stated, np.float64)
    if place.shape != (3,) or not np.isfinite(place).all():
        raise InputError(f"the offset {stated} is not three coordinates in nm (z, y, x).")
    return Offset(tuple(place.tolist()))


def look_swapped(labels: Volume, em: Volume) -> bool:
    """Whether the labels change from voxel to voxel like an image and the EM hardly changes."""
    return share_of_changes(labels) > MOST and share_of_changes(em) < FEW


def share_of_changes(volume: Volume) -> float:
    """How many voxels differ from the next one along x, in four squares of single slices."""
    squares = [volume.read(_square(volume.shape, place)) for place in PLACES]
    changes = [square[..., 1:] != square[..., :-1] for square in squares]
    return float(np.concatenate([change.ravel() for change in changes] or [0]).mean())


def _square(shape: tuple[int, int, int], place: tuple[float, float, float]) -> Box:
    sides = (1, min(SIDE, shape[1]), min(SIDE, shape[2]))
    start = tuple(int(p * (n - side)) for p, n, side in zip(place, shape, sides, strict=True))
    return Box(start, tuple(a + side for a, side in zip(start, sides, strict=True)))


class GapCheckedVolume:
    """EM that reads an absent chunk as 0 where there are no labels, on the labels' grid.

    The formats leave out chunks that hold nothing but 0, so the padding of an aligned volume is
    absent rightly. Under a label it is not, and reading raises InputError.
    """

    def __init__(self, strict: Volume, sparse: Volume, labels: Volume) -> None:
        self.path, self.shape, self.dtype = strict.path, strict.shape, strict.dtype
        self.chunks, self.voxel_size_nm = strict.chunks, strict.voxel_size_nm
        self.offset = strict.offset
        self._strict, self._sparse, self._labels = strict, sparse, labels

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        try:
            return self._strict.read(box)
        except MissingChunk:
            for piece in blocks(box, self.chunks):
                self._check(piece)
        return self._sparse.read(box)

    def _check(self, piece: Box) -> None:
        labelled = np.nonzero(self._labels.read(piece))
        if not labelled[0].size:
            return
        start = tuple(int(at.min()) + a for at, a in zip(labelled, piece.start, strict=True))
        stop = tuple(int(at.max()) + 1 + a for at, a in zip(labelled, piece.start, strict=True))
        try:
            self._strict.read(Box(start, stop))
        except MissingChunk as missing:
            raise MissingChunk(f"{missing} There are labels, so it is not empty padding.") from None


def as_ids(volume: Volume, what: str) -> Volume:
    """The volume with values of an unsigned type; ``what`` it is, for messages.

    Raises InputError for a type that holds no whole numbers.
    """
    if volume.dtype.kind == "u":
        return volume
    if volume.dtype.kind == "i" or (volume.dtype.kind == "f" and volume.dtype.itemsize in EXACT):
        return CheckedIds(volume, what)
    raise InputError(
        f"the {what} {volume.path} are {volume.dtype}, but ids are whole numbers; "
        f"convert them, for example to uint32."
    )


class CheckedIds:
    """Signed integers or floats as unsigned integers of as many bytes."""

    def __init__(self, volume: Volume, what: str) -> None:
        self.path, self.shape, self.chunks = volume.path, volume.shape, volume.chunks
        self.voxel_size_nm, self.offset = volume.voxel_size_nm, volume.offset
        self.dtype = np.dtype(f"u{volume.dtype.itemsize}")
        self._volume, self._what = volume, what

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``; raises InputError for a value that is no id."""
        values = self._volume.read(box)
        if not values.size:
            return values.astype(self.dtype)
        if values.dtype.kind == "f":
            return self._whole(values, box)
        if values.min() < 0:
            raise self._no_id(values.min(), box)
        return values.view(self.dtype)

    def _whole(self, values: np.ndarray, box: Box) -> np.ndarray:
        exact = (values >= 0) & (values <= EXACT[values.dtype.itemsize])
        exact &= values == np.floor(values)
        if not exact.all():
            raise self._no_id(values[~exact][0], box)
        return values.astype(self.dtype)

    def _no_id(self, value: float, box: Box) -> InputError:
        most = EXACT.get(self.dtype.itemsize) if self._volume.dtype.kind == "f" else None
        upper = f" up to {most}, beyond which {self._volume.dtype} is not exact" if most else ""
        return InputError(
            f"the {self._what} {self.path} hold {value} among voxels {in_words(box)}, but ids are "
            f"whole numbers from 0{upper}; set what is no object to 0 and export them anew."
        )

"""Opens an EM volume with its labels, and checks that they belong together."""

from pathlib import Path

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.boxes import Triple
from morphoflow.organelles.em_gaps import GapCheckedVolume
from morphoflow.organelles.grids import RegriddedVolume, ratio
from morphoflow.organelles.open_volume import open_volume
from morphoflow.organelles.source import Source
from morphoflow.organelles.swapped import look_swapped
from morphoflow.organelles.units import Size
from morphoflow.organelles.volume import Volume
from morphoflow.organelles.volume_chunked import ChunkedVolume

EM_TYPES = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64")


def open_source(settings: dict) -> Source:
    """Open the volumes that ``settings`` name: ``em``, ``labels`` and, if any, ``classes``.

    Each may have a key (``em_key``, ...); ``level`` is that of pyramids. ``voxel_size_nm`` and
    ``em_voxel_size_nm`` (z, y, x) take the place of what the files tell of labels and EM. EM on a
    finer or coarser grid is brought to that of the labels. Raises InputError for labels that are
    no unsigned integers, for a voxel size that nobody tells, for grids that do not fit, and for
    labels and EM that were exchanged.
    """
    level = settings.get("level") or 0
    labels = _open(settings, "labels", level)
    em = _open(settings, "em", level)
    _check_distinct(settings)
    _check_types(labels, em)
    size = _size(settings.get("voxel_size_nm")) or labels.voxel_size_nm
    if size is None:
        raise InputError(
            f"the voxel size of the labels {labels.path} is nowhere told; "
            f"set `voxel_size_nm` to the size of a voxel along z, y and x in nm."
        )
    em_size = _size(settings.get("em_voxel_size_nm")) or em.voxel_size_nm
    ratios = _ratios(labels, size, em, em_size)
    if look_swapped(labels, em):
        raise InputError(
            f"the labels {labels.path} change from voxel to voxel like an image, and the EM "
            f"{em.path} hardly does; exchange `labels` and `em`."
        )
    on_grid = _on_grid(em, labels.shape, ratios)
    if isinstance(em, ChunkedVolume):
        strict = _on_grid(_open(settings, "em", level, sparse=False), labels.shape, ratios)
        on_grid = GapCheckedVolume(strict, on_grid, labels)
    classes = _classes(settings, level, labels)
    return Source(labels, on_grid, size, classes)


def _open(settings: dict, name: str, level: int, *, sparse: bool = True) -> Volume:
    path, key = Path(settings[name]), settings.get(f"{name}_key")
    return open_volume(path, key=key, level=level, sparse=sparse)


def _classes(settings: dict, level: int, labels: Volume) -> Volume | None:
    if not settings.get("classes"):
        return None
    classes = _open(settings, "classes", level)
    _check_unsigned(classes, "classes")
    if classes.shape != labels.shape:
        raise InputError(
            f"the classes {classes.path} have {_times(classes.shape)} voxels, but the labels "
            f"{labels.path} have {_times(labels.shape)}; give both the same grid."
        )
    return classes


def _check_distinct(settings: dict) -> None:
    em, labels = ((settings[n], settings.get(f"{n}_key")) for n in ("em", "labels"))
    if em == labels:
        raise InputError(f"`em` and `labels` name the same volume {em[0]}; name one of each.")


def _check_types(labels: Volume, em: Volume) -> None:
    if labels.dtype.kind != "u" and em.dtype.kind == "u" and em.dtype.itemsize > 2:
        raise InputError(
            f"the labels {labels.path} are {labels.dtype} and the EM {em.path} is {em.dtype}; "
            f"exchange `labels` and `em`."
        )
    _check_unsigned(labels, "labels")
    if em.dtype.name not in EM_TYPES:
        raise InputError(
            f"the EM {em.path} is {em.dtype}, not grey values; convert it to uint8 or uint16."
        )


def _check_unsigned(volume: Volume, what: str) -> None:
    if volume.dtype.kind != "u":
        raise InputError(
            f"the {what} {volume.path} are {volume.dtype}, but ids are unsigned integers; "
            f"convert them, for example to uint32, after making sure that none is negative "
            f"or broken."
        )


def _ratios(labels: Volume, size: Size, em: Volume, em_size: Size | None):
    axes = zip(labels.shape, em.shape, size, em_size or (None,) * 3, strict=True)
    ratios = tuple(ratio(*axis) for axis in axes)
    if None in ratios:
        raise InputError(
            f"the labels {labels.path} ({_times(labels.shape)} voxels of {_nm(size)}) and the EM "
            f"{em.path} ({_times(em.shape)} voxels of {_nm(em_size)}) do not fit; along each axis "
            f"one voxel must be a whole number of the other's and both must be equally long: "
            f"crop or resample one, or correct `voxel_size_nm` and `em_voxel_size_nm`."
        )
    return ratios


def _on_grid(em: Volume, shape: Triple, ratios) -> Volume:
    if em.shape == shape and all(one == (1, 1) for one in ratios):
        return em
    return RegriddedVolume(em, shape, ratios)


def _size(told: list[float] | None) -> Size | None:
    if told is None:
        return None
    sizes = np.asarray(told, np.float64)
    if sizes.shape != (3,) or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InputError(f"the voxel size {told} is not three lengths above 0 in nm (z, y, x).")
    return tuple(sizes.tolist())


def _times(shape: Triple) -> str:
    return " x ".join(map(str, shape))


def _nm(size: Size | None) -> str:
    return "unknown size" if size is None else f"{' x '.join(f'{n:g}' for n in size)} nm"

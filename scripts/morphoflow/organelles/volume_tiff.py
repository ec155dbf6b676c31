"""Volumes in one TIFF file of many pages: plain, OME-TIFF and ImageJ stacks."""

from pathlib import Path

import numpy as np
import tifffile

from morphoflow.errors import InputError
from morphoflow.organelles.boxes import Triple
from morphoflow.organelles.tiff_voxels import tiff_voxel_size
from morphoflow.organelles.volume_stack import MappedVolume, SliceVolume

# What tifffile calls the axis along which the pages of a stack follow each other.
ALONG_Z = "ZIQ"


def open_tiff(file: Path) -> MappedVolume | SliceVolume:
    """The stack in a TIFF file.

    Uncompressed stacks are mapped into memory; of others a page is decoded as a whole.
    """
    try:
        tiff = tifffile.TiffFile(file)
        series = tiff.series
        size = tiff_voxel_size(tiff)
    # A damaged file fails anywhere in its reader, with errors of any kind.
    except Exception as error:
        raise InputError(
            f"{file} cannot be opened ({type(error).__name__}: {error}); copy or export it anew."
        ) from None
    if len(series) != 1:
        shapes = ", ".join(" x ".join(map(str, one.shape)) for one in series[:3])
        raise InputError(
            f"{file} holds {len(series)} images ({shapes}, ...) instead of one stack; "
            f"save slices of one size and type as one stack."
        )
    shape = _stack_shape(file, series[0])
    if series[0].dataoffset is not None and series[0].dtype.kind != "b":
        return MappedVolume(str(file), _mapped(file, series[0], shape), size)
    pages = series[0].pages
    return SliceVolume(str(file), shape, series[0].dtype, lambda z: pages[z].asarray(), size)


def _stack_shape(file: Path, series: tifffile.TiffPageSeries) -> Triple:
    axes, shape = series.axes, series.shape
    if len(axes) == 3 and axes[0] in ALONG_Z and axes[1:] == "YX":
        return shape
    if "S" in axes or "C" in axes:
        problem = "of several channels or colours; save the grey values or ids of one channel"
    elif axes == "YX":
        problem = "of a single slice; name the folder of all slices, or save a stack"
    else:
        problem = "whose axes are not z, y, x; in ImageJ, exchange frames and slices and save again"
    raise InputError(f"{file} holds an image {axes} of {' x '.join(map(str, shape))}, {problem}.")


def _mapped(file: Path, series: tifffile.TiffPageSeries, shape: Triple) -> np.memmap:
    dtype = series.dtype.newbyteorder(series.keyframe.parent.byteorder)
    try:
        return np.memmap(file, dtype, "r", series.dataoffset, shape)
    except ValueError as error:
        raise InputError(
            f"{file} is shorter than its {shape[0]} slices ({error}); copy or export it anew."
        ) from None

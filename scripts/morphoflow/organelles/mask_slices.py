"""Masks as one PNG file for each z."""

from pathlib import Path

import imagecodecs

from morphoflow.errors import InputError
from morphoflow.organelles.boxes import Box, blocks
from morphoflow.organelles.mask_volume import MaskVolume

# Voxels of the slices that are computed at once, unless a single slice has more.
SLAB_VOXELS = 1 << 27


def check_fits_png(mask: MaskVolume) -> None:
    """Raises InputError for more clusters than the 16 bits of a PNG file can tell apart."""
    if mask.dtype.itemsize > 2:
        raise InputError(
            "there are more than 65535 clusters, too many for PNG; take png out of masks.formats."
        )


def write_slices(folder: Path, mask: MaskVolume) -> None:
    """Write ``clusters_0000.png`` and so on, of 8 or 16 bits; all numbers have equally many digits.

    A chunk of the labels is decoded as few times as its slices fit into ``SLAB_VOXELS``.
    """
    folder.mkdir()
    n_slices, height, width = mask.shape
    digits = max(4, len(str(n_slices - 1)))
    depth = min(mask.chunks[0], max(1, SLAB_VOXELS // (height * width)))
    for slab in blocks(Box((0, 0, 0), mask.shape), (depth, height, width)):
        for z, numbers in enumerate(mask.read(slab), start=slab.start[0]):
            encoded = imagecodecs.png_encode(numbers)
            (folder / f"clusters_{z:0{digits}d}.png").write_bytes(encoded)

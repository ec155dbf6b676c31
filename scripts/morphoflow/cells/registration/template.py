"""Registration of a data set to a reference: one of its crops, or the mean of the registered."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from morphoflow.cells.registration.blocks import CropBlock, CropBlocks, mean_crop
from morphoflow.cells.registration.prealign import fit_template
from morphoflow.cells.registration.register import register
from morphoflow.errors import InputError
from morphoflow.images.rotate import Motion

# Change of the mean crop, relative to its contrast, that counts as none.
SETTLED = 1e-3

# Rounds in which the mean crop is made anew, at most.
ITERATIONS = 5


def fit_reference(
    blocks: CropBlocks, start: Tensor, *, iterations: int, flips: bool, shifts: bool
) -> Tensor:
    """The mean (c, h, w) of the registered crops, from ``start`` (c, h, w) on.

    Crops are registered to the mean and averaged again until it no longer changes, ``iterations``
    times at most.
    """
    mean = start
    for _ in range(iterations):
        before = mean
        mean, _ = mean_crop(blocks, partial(_motion, before, flips, shifts))
        contrast = torch.linalg.vector_norm(mean - mean.mean((1, 2), keepdim=True))
        if torch.linalg.vector_norm(mean - before) <= SETTLED * contrast:
            break
    return mean


def reference_crop(
    path: Path, everything: CropBlocks, training: CropBlocks, settings: dict
) -> Tensor:
    """The crop (c, h, w) that a data set is registered to, as ``settings`` say.

    ``reference`` is an id, or ``mean``: that of the training split, which begins as the mean of
    the prealigned crops. Raises InputError for an id that the store at ``path`` lacks.
    """
    if settings["reference"] != "mean":
        return _crop_of(everything, settings["reference"], path)
    start = fit_template(training, settings["foreground"], settings["threshold"], ITERATIONS)
    ways = {"flips": settings["flips"], "shifts": settings["shifts"]}
    return fit_reference(training, start, iterations=ITERATIONS, **ways)


def _crop_of(blocks: CropBlocks, identifier: str, path: Path) -> Tensor:
    row = np.flatnonzero(blocks.store.ids == identifier)
    if not len(row):
        raise InputError(
            f"{path} has no crop '{identifier}', which is the reference of the registration; "
            "set the reference to 'mean' or to an id of the object table."
        )
    crop = np.asarray(blocks.store.x[int(row[0])], dtype=np.float32)
    return torch.from_numpy(crop).to(blocks.device)


def _motion(reference: Tensor, flips: bool, shifts: bool, block: CropBlock) -> Motion:
    return register(block.x, reference[None], flips=flips, shifts=shifts)

"""Crops of a sample store in blocks, as tensors, and their foreground."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.images.rotate import Motion, concatenate, transform
from morphoflow.store import Samples, read_samples
from morphoflow.store_stream import stream_samples
from morphoflow.tables import align_objects, read_objects

BLOCK_BYTES = 64 << 20

# Attributes that every store has; further ones are facts about the crops.
COMMON = ("axes", "units", "names", "provenance")


@dataclass(frozen=True)
class CropBlock:
    """Crops ``x`` (k, c, h, w) of some ``rows`` (k,) of a store, ``mask`` (k, h, w) 0 to 1."""

    rows: np.ndarray
    x: Tensor
    mask: Tensor | None

    def moved(self, motion: Motion) -> tuple[Tensor, Tensor | None]:
        """Crops and masks under their motions."""
        x = transform(self.x, motion.angle, motion.flip, motion.shift)
        if self.mask is None:
            return x, None
        mask = transform(self.mask[:, None], motion.angle, motion.flip, motion.shift)
        return x, mask[:, 0]


@dataclass(frozen=True)
class CropBlocks:
    """The ``chosen`` (n,) crops of a store, in blocks, each time they are gone through."""

    store: Samples
    device: torch.device
    chosen: np.ndarray

    def __iter__(self) -> Iterator[CropBlock]:
        x, mask = self.store.x, self.store.mask
        step = max(1, BLOCK_BYTES // (4 * int(np.prod(x.shape[1:]))))
        for start in range(0, x.shape[0], step):
            rows = start + np.flatnonzero(self.chosen[start : start + step])
            if len(rows):
                yield CropBlock(
                    rows,
                    self._tensor(x[start : start + step][rows - start]),
                    None if mask is None else self._tensor(mask[rows]) / 255,
                )

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.device)


def foreground(block: CropBlock, kind: str, threshold: float) -> Tensor:
    """Which pixels belong to the object (k, h, w), 0 or 1.

    They are those of the ``mask`` by half or more, or those whose ``intensity`` in any channel is
    above ``threshold``.
    """
    inside = block.mask >= 0.5 if kind == "mask" else block.x.amax(1) > threshold
    return inside.float()


def mean_crop(
    blocks: CropBlocks, motion_of: Callable[[CropBlock], Motion]
) -> tuple[Tensor, Motion]:
    """The mean (c, h, w) of crops under the motions that a rule gives them, and those motions."""
    total, motions = 0.0, []
    for block in blocks:
        motions.append(motion_of(block))
        total = total + block.moved(motions[-1])[0].double().sum(0)
    return (total / int(blocks.chosen.sum())).float(), concatenate(motions)


def read_blocks(
    samples: Path, objects: Path, kind: str, device: torch.device
) -> tuple[CropBlocks, CropBlocks]:
    """All crops of a store, and those of the training split of its object table.

    Raises InputError for crops that are not square, for masks that are wanted (``kind``) and
    absent, and where nothing is in the training split.
    """
    store = read_samples(samples)
    _check(samples, store, kind)
    split = align_objects(read_objects(objects), store.ids, str(samples))["split"]
    training = split.to_numpy() == "train"
    if not training.any():
        raise InputError(f"{objects} has no object in the split 'train'; change its fractions.")
    everything = np.ones(len(store.ids), dtype=bool)
    return CropBlocks(store, device, everything), CropBlocks(store, device, training)


def _check(path: Path, store: Samples, kind: str) -> None:
    shape = store.x.shape
    if len(shape) != 4 or shape[2] != shape[3]:
        raise InputError(
            f"{path} holds an array of shape {shape}; rotations need square crops "
            "(n, c, size, size): cut them again with one size."
        )
    if kind == "mask" and store.mask is None:
        raise InputError(
            f"{path} has no masks, but the foreground is set to 'mask'; "
            "set it to 'intensity' and give a threshold."
        )


# Moved crops as a sample store of their own.


def write_moved(path: Path, blocks: CropBlocks, motions: list[Motion], provenance: dict) -> None:
    """Write all crops of a store under the motions of each block, with their masks and facts."""
    store = blocks.store
    axes, units = store.attributes["axes"], store.attributes["units"]
    with stream_samples(path, axes=axes, units=units, provenance=provenance) as stream:
        stream.facts |= {k: v for k, v in store.attributes.items() if k not in COMMON}
        for block, motion in zip(blocks, motions, strict=True):
            x, mask = block.moved(motion)
            stream.append(
                store.ids[block.rows].tolist(),
                x.cpu().numpy(),
                None if mask is None else (255 * mask).round().byte().cpu().numpy(),
            )


def motion_table(ids: np.ndarray, motions: list[Motion]) -> pd.DataFrame:
    """Columns ``id``, ``angle_deg``, ``flip``, ``shift_x_px`` and ``shift_y_px``."""
    motion = concatenate(motions)
    shift = motion.shift.cpu().numpy()
    return pd.DataFrame(
        {
            "id": ids,
            "angle_deg": motion.angle.cpu().numpy(),
            "flip": motion.flip.cpu().numpy(),
            "shift_x_px": shift[:, 1],
            "shift_y_px": shift[:, 0],
        }
    )

"""Moved crops as a sample store of their own."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.cells.registration_blocks import CropBlocks
from morphoflow.cells.rotate import Motion, concatenate
from morphoflow.store_stream import stream_samples

# Attributes that every store has; further ones are facts about the crops.
COMMON = ("axes", "units", "names", "provenance")


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

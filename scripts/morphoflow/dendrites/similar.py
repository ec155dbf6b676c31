"""Which images of a reading seem to show one neuron."""

import numpy as np
import pandas as pd

from morphoflow.dendrites.duplicates import COLUMNS, near_duplicates
from morphoflow.dendrites.prepare import Reading


def similar_images(
    reading: Reading, size: int, threshold: float | None
) -> tuple[pd.DataFrame, np.ndarray]:
    """The pairs that correlate by ``threshold``, with shifts in px of ``size``; and numbers (n,).

    Images of one neuron have one number. Simulated images are of a neuron each and are not
    compared; without a threshold (or 0) none are.
    """
    rows = reading.table
    numbers = np.arange(len(rows))
    compared = np.flatnonzero(~rows["simulated"].to_numpy())
    if not threshold or len(compared) < 2:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS), numbers
    images = np.stack([reading.small[row] for row in compared])[:, None]
    ids = rows["id"].iloc[compared].tolist()
    pairs, groups = near_duplicates(images, ids, threshold)
    pairs[["shift_y", "shift_x"]] *= size / images.shape[-1]
    numbers[compared] = compared[np.unique(groups, return_index=True)[1]][groups]
    return pairs, numbers

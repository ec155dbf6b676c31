"""Which images of a reading seem to show one neuron."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from morphoflow.dendrites.reading.prepare import Reading
from morphoflow.dendrites.similar.search import MotionSearch
from morphoflow.dendrites.similar.similarity import ANGLES, BLOCK_IMAGES, SIZE, fine_structure
from morphoflow.images.rotate import wrap

# Two images of one real neuron have .45 or more, others .23 at most; in simulated fields of about
# 50 um, which hold fewer branches, unrelated ones reach .34.
THRESHOLD = 0.4

SCREEN_SIZE = 36

SCREEN_ANGLES = tuple(np.arange(0, 360, 7.5))

COLUMNS = {
    "id_a": "str",
    "id_b": "str",
    "correlation": "float64",
    "angle_deg": "float64",
    "flipped": "bool",
    "shift_y": "float64",
    "shift_x": "float64",
}


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


# Images that show one neuron: near-duplicates among all pairs, and the groups that they form.
#
# All pairs are screened on small images with fewer rotations; those that pass are compared in full.
# Small images correlate more, for two views of one neuron too, so that the screen has the threshold
# of the full comparison. Of 575 pairs of turned, shifted, warped and noisy views of real fields
# that correlate by .3 or more it lost none.


@torch.no_grad()
def near_duplicates(
    images: NDArray[np.uint8],
    ids: Sequence[str],
    threshold: float = THRESHOLD,
    *,
    device: torch.device | str = "cpu",
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Pairs of images (n, 1, s, s) that correlate by ``threshold`` or more, and groups (n,).

    The pairs are a table of ``id_a``, ``id_b``, ``correlation``, and the motion of a that makes it
    most like b as in :class:`~morphoflow.dendrites.similar.similarity.Similarity`: ``angle_deg``,
    ``flipped``, ``shift_y`` and ``shift_x`` in px of the images; the most alike come first. Images
    that a chain of pairs joins have one group number; groups count from 0 by their first image.
    Raises ValueError for other than one id an image or a threshold outside of 0 to 1.
    """
    if len(ids) != len(images):
        raise ValueError(f"{len(images)} images have {len(ids)} ids")
    if not 0 < threshold <= 1:
        raise ValueError(
            f"a correlation is above 0 and at most 1, the threshold {threshold} is not"
        )
    screened = _screened(_structures(images, SCREEN_SIZE, device), threshold)
    scale = images.shape[-1] / min(images.shape[-1], SIZE)
    rows = list(_compared(_structures(images, SIZE, device), screened, threshold, scale))
    pairs = pd.DataFrame(rows, columns=["a", "b", *list(COLUMNS)[2:]])
    joined = coo_array((np.ones(len(pairs)), (pairs["a"], pairs["b"])), shape=(len(ids), len(ids)))
    groups = pd.factorize(connected_components(joined, directed=False)[1])[0]
    for side in "ab":
        pairs[f"id_{side}"] = [ids[row] for row in pairs[side]]
    pairs = pairs.sort_values("correlation", ascending=False, kind="stable", ignore_index=True)
    return pairs[list(COLUMNS)].astype(COLUMNS), groups


def _structures(images: NDArray[np.uint8], size: int, device: torch.device | str) -> Tensor:
    """The fine structure (n, k, k) of all images, made in blocks."""
    starts = range(0, len(images), BLOCK_IMAGES)
    blocks = (np.asarray(images[start : start + BLOCK_IMAGES]) for start in starts)
    return torch.cat([fine_structure(torch.from_numpy(x).to(device), size) for x in blocks])


def _screened(images: Tensor, threshold: float) -> list[Tensor]:
    """For each image the later ones that are like it on small images."""
    search = MotionSearch(images.shape[-1], SCREEN_ANGLES, True, images.device)
    alike: list[list[Tensor]] = [[] for _ in images]
    for start in range(0, len(images), BLOCK_IMAGES):
        block = search.still(images[start : start + BLOCK_IMAGES])
        for a in range(min(start + BLOCK_IMAGES, len(images)) - 1):
            first = max(start, a + 1)
            correlation, *_ = search.best(search.turned(images[a]), block[first - start :])
            alike[a].append(first + torch.nonzero(correlation >= threshold)[:, 0])
    return [torch.cat(later) if later else torch.empty(0, dtype=torch.long) for later in alike]


def _compared(
    images: Tensor, screened: list[Tensor], threshold: float, scale: float
) -> Iterator[tuple]:
    """Rows, correlation and motion of the screened pairs that are alike in full."""
    search = MotionSearch(images.shape[-1], ANGLES, True, images.device)
    for a, later in enumerate(screened):
        for part in later.split(BLOCK_IMAGES) if len(later) else ():
            best = search.best(search.turned(images[a]), search.still(images[part]))
            correlation, turn, shift = (values.cpu() for values in best)
            angle, flip = wrap(search.angle.cpu())[turn], search.flip.cpu()[turn]
            motion = zip(angle.tolist(), flip.tolist(), (scale * shift).tolist(), strict=True)
            for b, value, (degrees, side, step) in zip(
                part.tolist(), correlation.tolist(), motion, strict=True
            ):
                if value >= threshold:
                    yield a, b, value, degrees, side, *step

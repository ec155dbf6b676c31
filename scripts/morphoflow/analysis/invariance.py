"""How far an embedding moves when objects are turned and flipped, on the scale of neighbours."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.analysis.scores import score
from morphoflow.images.rotate import transform
from morphoflow.tables import without

# Three exact quarters, with and without a flip, among angles at which pixels must be computed.
ANGLES = (0, 10, 20, 30, 45, 60, 77, 90, 123, 150, 180, 225, 270, 315)
EXACT = 90
COLUMNS = ("id", "angle_deg", "flip", "shift", "nearest", "itself_first")
FEW = (
    "how far turns move objects is measured beside the way to the nearest other one, for which two "
    "test objects are needed, but there are {}; give more objects"
)


def invariance_table(
    ids: np.ndarray, x: Tensor, embed: Callable[[Tensor], np.ndarray]
) -> pd.DataFrame:
    """A row for each image ``x`` (n, c, h, w), angle and flip.

    ``shift`` is the distance by which its embedding moves when the image is flipped (left-right)
    and turned, ``nearest`` that to the nearest other of the images, and ``itself_first`` says
    whether the image as it was is nearest to the turned one. Pixels between pixels are computed
    by cubic interpolation, whose blur counts as part of the turn. Of fewer than two objects, the
    table says that there is no other to compare with.
    """
    if len(x) < 2:
        return without(COLUMNS, FEW.format(len(x)))
    before = embed(x).astype(np.float64)
    nearest = _distances(before, before)
    np.fill_diagonal(nearest, np.inf)
    parts = []
    for flip in (False, True):
        for angle in ANGLES:
            turned = _turned(x, angle, flip)
            distances = _distances(embed(turned).astype(np.float64), before)
            row = {"id": ids, "angle_deg": float(angle), "flip": flip}
            row |= {"shift": distances.diagonal(), "nearest": nearest.min(axis=1)}
            row["itself_first"] = distances.argmin(axis=1) == np.arange(len(x))
            parts.append(pd.DataFrame(row))
    return pd.concat(parts, ignore_index=True)


def invariance_scores(table: pd.DataFrame) -> list[dict]:
    """The largest median share of shift in distance to the nearest other object, over angles.

    ``exact`` is over quarter turns and flips, which move pixels and compute none; ``itself_first``
    the share of objects that are found again, at the worst angle. A table of nothing gives none.
    """
    if table.empty:
        return []
    apart = table[(table["nearest"] > 0) & np.isfinite(table["nearest"])]
    share = apart["shift"] / apart["nearest"]
    exact = apart["angle_deg"] % EXACT == 0
    n = table["id"].nunique()
    by = [apart["flip"], apart["angle_deg"]]
    median = share.groupby(by).median()
    first = table["itself_first"].groupby([table["flip"], table["angle_deg"]]).mean()
    rows = {
        "invariance_shift": float(median.max()),
        "invariance_shift_exact": float(share[exact].max()),
        "invariance_itself_first": float(first.min()),
    }
    return [score("test", name, value, n) for name, value in rows.items()]


def _turned(x: Tensor, angle: float, flip: bool) -> Tensor:
    angles = torch.full((len(x),), float(angle), device=x.device)
    flips = torch.full((len(x),), flip, device=x.device)
    return transform(x, angles, flips, mode="bicubic").clamp(0, 1)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distances (n, m), without the rounding of the short formula."""
    return torch.cdist(
        torch.from_numpy(a), torch.from_numpy(b), compute_mode="donot_use_mm_for_euclid_dist"
    ).numpy()

"""Retrieval: how far ahead objects of the same label are among an object's neighbours."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from morphoflow.analysis.geometry import centred, check_embedding

# Distances held at a time (64 MB).
BLOCK = 2**23
# Distances that differ by less than 1e-9 of the embedding's scale are equal: rounding cannot say.
RESOLUTION = 2.0**30
NOWHERE = np.int64(2**62)


def average_precisions(
    x: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    queries: np.ndarray,
    *,
    metric: str,
    exclude_group: bool,
) -> pd.DataFrame:
    """The average precision of each of the ``queries`` (n,) bool that has a label.

    All other objects with a label are ranked by their distance to the query, without those of its
    own group if ``exclude_group``; average precision is the mean, over those with the query's
    label, of the share of that label down to their rank (1: all of them come first). In a tie
    other labels come first, so equal distances never help. It is missing where there is no other
    object of the label.

    ``x`` (n, d); ``labels`` (n,), None where unknown; ``metric`` "cosine" or "euclidean". Either is
    taken after subtracting the mean object: cosine compares the directions in which objects differ
    from it, and not how much, as is usual for profiles of cells (Kalinin et al. 2025); an object at
    the mean has distance 1 from all. The table has the columns ``row label average_precision
    positives candidates``. Memory is bounded by a block of distances.
    """
    check_embedding(x, 1, "retrieval")
    known = np.flatnonzero(~pd.isna(labels))
    names, codes = np.unique(labels[known].astype(str), return_inverse=True)
    own = pd.factorize(groups[known])[0] if exclude_group else np.arange(len(known))
    asked = np.flatnonzero(queries[known])
    points = _directions(centred(x)) if metric == "cosine" else centred(x)
    points = points[known]
    parts = np.array_split(asked, -(-len(asked) * len(known) // BLOCK) or 1)
    with threadpool_limits(limits=1):
        found = [_block(points, codes, own, rows, metric) for rows in parts]
    precision, positives, candidates = (
        np.concatenate(column) for column in zip(*found, strict=True)
    )
    return pd.DataFrame(
        {
            "row": known[asked],
            "label": names[codes[asked]] if len(asked) else np.array([], dtype=object),
            "average_precision": precision,
            "positives": positives,
            "candidates": candidates,
        }
    )


def precision_of_ranks(relevant: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Average precision (q,) of rankings ``relevant`` (q, m) bool with ``positives`` (q,) true."""
    row, rank = np.nonzero(relevant)
    before = np.arange(len(row)) - (np.cumsum(positives) - positives)[row]
    total = np.bincount(row, weights=(before + 1) / (rank + 1), minlength=len(relevant))
    return np.divide(total, positives, out=np.full(len(positives), np.nan), where=positives > 0)


def _block(
    points: np.ndarray, codes: np.ndarray, own: np.ndarray, rows: np.ndarray, metric: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average precision, positives and candidates (q,) of the queries ``rows`` (q,)."""
    excluded = own[rows][:, None] == own
    same = (codes[rows][:, None] == codes) & ~excluded
    # The last bit carries the label through the sort, and puts other labels first in a tie.
    keys = np.rint(_distances(points[rows], points, metric) * RESOLUTION).astype(np.int64)
    keys = keys << 1 | same
    keys[excluded] = NOWHERE
    keys.sort(axis=1)
    positives = same.sum(axis=1)
    precision = precision_of_ranks(keys & 1 != 0, positives)
    return precision, positives, len(codes) - excluded.sum(axis=1)


def _distances(query: np.ndarray, points: np.ndarray, metric: str) -> np.ndarray:
    """Cosine distances, or squared Euclidean ones, which have the same order as Euclidean."""
    products = query @ points.T
    if metric == "cosine":
        return 1 - products
    squares = (points**2).sum(axis=1)
    found = (query**2).sum(axis=1)[:, None] + squares - 2 * products
    return np.maximum(found, 0)


def _directions(x: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(x, axis=1, keepdims=True)
    # A length that is rounding alone is no direction.
    return np.divide(x, length, out=np.zeros_like(x), where=length > 1e-9)

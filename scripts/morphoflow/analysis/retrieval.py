"""Retrieval: how far ahead objects of the same label are among an object's neighbours."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from morphoflow.analysis.geometry import centred, check_embedding

# Distances held at a time (64 MB).
BLOCK = 2**23
# Distances that differ by less than 1e-9 of the embedding's scale are equal: rounding cannot say.
RESOLUTION = 2.0**30
NOWHERE = np.int64(2**62)


@dataclass(frozen=True)
class Ranking:
    """What queries are ranked by: ``points`` (m, d) of the objects with a label.

    ``known`` (m,) are their rows in the embedding, ``codes`` (m,) their classes, whose ``names``
    are sorted, ``groups`` (m,) their groups, of which no two with the same ``excluded`` (m,) are
    ranked for each other, ``asked`` (q,) the places of the queries among them.
    """

    points: np.ndarray
    known: np.ndarray
    codes: np.ndarray
    names: np.ndarray
    groups: np.ndarray
    excluded: np.ndarray
    asked: np.ndarray
    metric: str

    def blocks(self) -> list[np.ndarray]:
        """The queries in parts whose distances fit into memory."""
        return np.array_split(self.asked, -(-len(self.asked) * len(self.known) // BLOCK) or 1)

    def keys(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances (q, m) of the queries ``rows`` (q,) in whole steps, and who is not ranked."""
        distances = _distances(self.points[rows], self.points, self.metric)
        left_out = self.excluded[rows][:, None] == self.excluded
        return np.rint(distances * RESOLUTION).astype(np.int64), left_out


def rank(
    x: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    queries: np.ndarray,
    *,
    metric: str,
    exclude_group: bool,
) -> Ranking:
    """Rankings of all objects with a label for each of the ``queries`` (n,) bool that has one.

    They are by distance to the query, without those of its own group if ``exclude_group``.
    ``x`` (n, d); ``labels`` (n,), None where unknown; ``groups`` (n,); ``metric`` "cosine" or
    "euclidean". Either is taken after subtracting the mean object: cosine compares the directions
    in which objects differ from it, and not how much, as is usual for profiles of cells (Kalinin et
    al. 2025); an object at the mean has distance 1 from all.
    """
    check_embedding(x, 1, "retrieval")
    known = np.flatnonzero(~pd.isna(labels))
    names, codes = np.unique(labels[known].astype(str), return_inverse=True)
    own = pd.factorize(groups[known], sort=True)[0]
    points = _directions(centred(x)) if metric == "cosine" else centred(x)
    excluded = own if exclude_group else np.arange(len(known))
    asked = np.flatnonzero(queries[known])
    return Ranking(points[known], known, codes, names, own, excluded, asked, metric)


def average_precisions(ranking: Ranking) -> pd.DataFrame:
    """The average precision of each query, from 0 to 1, 1 if all with its label come first.

    It is the mean, over the objects with the query's label, of the share of that label down to
    their rank. In a tie other labels come first, so equal distances never help. It is missing where
    there is no other object of the label. The table has the columns ``row label average_precision
    positives candidates``; ``row`` is a row of the embedding. Memory is bounded by a block of
    distances.
    """
    names, codes, known, asked = ranking.names, ranking.codes, ranking.known, ranking.asked
    with threadpool_limits(limits=1):
        blocks = [_block(ranking, rows) for rows in ranking.blocks()]
    precision, positives, candidates = (
        np.concatenate(column) for column in zip(*blocks, strict=True)
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


def _block(ranking: Ranking, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average precision, positives and candidates (q,) of the queries ``rows`` (q,)."""
    codes = ranking.codes
    keys, excluded = ranking.keys(rows)
    same = (codes[rows][:, None] == codes) & ~excluded
    # The last bit carries the label through the sort, and puts other labels first in a tie.
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
    distances = (query**2).sum(axis=1)[:, None] + squares - 2 * products
    return np.maximum(distances, 0)


def _directions(x: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(x, axis=1, keepdims=True)
    # A length that is rounding alone is no direction.
    return np.divide(x, length, out=np.zeros_like(x), where=length > 1e-9)

"""Images of one neuron as one group, whatever says that they are of one neuron."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def joined(names: pd.Series, *partitions: Sequence) -> np.ndarray:
    """The groups (n,) of rows that share a name or a value of any of the ``partitions`` (n,) each.

    A group has the first of its names in the order of the alphabet.
    """
    n = len(names)
    rows = np.arange(n)
    codes = [pd.factorize(pd.Series(part), sort=True)[0] for part in (names, *partitions)]
    starts = n + np.cumsum([0, *(code.max() + 1 for code in codes)])
    ends = np.concatenate([code + start for code, start in zip(codes, starts, strict=False)])
    edges = (np.ones(len(ends)), (np.tile(rows, len(codes)), ends))
    graph = coo_array(edges, shape=(starts[-1], starts[-1]))
    _, component = connected_components(graph, directed=False)
    return names.groupby(component[:n]).transform("min").to_numpy()

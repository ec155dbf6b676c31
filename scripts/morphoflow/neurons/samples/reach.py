"""How far walks reach: which tips they can come to, and the steps and spacing that let them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.tree import path_sum
from morphoflow.neurons.samples.resample import pieces_of, section_lengths

# The share of the training neurons' tips that chosen walks can come to.
WANTED = 0.95

# Steps for which a spacing is chosen where neither is given, and the most that are chosen.
USUAL_STEPS, MOST_STEPS = 32, 256

# By this much the spacing grows until the tips are within reach.
GROWTH = 1.1


@dataclass(frozen=True)
class Stride:
    """The most nodes in a walk, soma included, and their spacing in um, 0 for the file's nodes."""

    steps: int
    spacing_um: float


def choose_stride(train: Forest, steps: int | None, spacing_um: float | None) -> Stride:
    """The steps and the spacing with which walks can come to 95 % of the tips of ``train``.

    What is given stays. The spacing is 0 where the file's own nodes are few enough, and else the
    smallest found. Steps beyond 256 are not chosen, so that less may be within reach then.
    """
    if spacing_um is None:
        spacing_um = _spacing(train, USUAL_STEPS if steps is None else steps)
    if steps is None:
        depth = tip_depths(train, spacing_um)
        needed = np.quantile(depth, WANTED, method="higher") if len(depth) else 2
        steps = int(np.clip(needed, 2, MOST_STEPS))
    return Stride(steps, spacing_um)


def tip_depths(forest: Forest, spacing_um: float) -> np.ndarray:
    """The nodes from the soma to each tip, both included, if sections are cut at ``spacing_um``.

    As many as :func:`morphoflow.neurons.samples.resample.resample` makes; tips as in :func:`tips`.
    """
    parent = forest.parent_row
    nodes = np.where(parent < 0, 0, 1)
    if spacing_um > 0:
        end, length = section_lengths(forest)
        nodes = np.zeros(len(parent), dtype=np.int64)
        nodes[end] = pieces_of(length, spacing_um)
    return 1 + path_sum(parent, nodes)[tips(forest)]


def tips(forest: Forest) -> np.ndarray:
    """The rows of the nodes at which walks can end: those without a child, the soma aside."""
    parent = forest.parent_row
    has_child = np.zeros(len(parent), dtype=bool)
    has_child[parent[parent >= 0]] = True
    return np.flatnonzero(~has_child & (parent >= 0))


def reach_table(forest: Forest, visited: np.ndarray, n_steps: int) -> pd.DataFrame:
    """What walks of at most ``n_steps`` nodes come to, one row a neuron of the resampled forest.

    ``tips_within_reach`` and ``tips_reached`` are the shares of the tips that some walk could, and
    one that was drawn did end at; ``nodes_reached`` is the share of nodes ``visited`` (N,). A
    neuron without tips has 1.
    """
    tip, n = tips(forest), forest.n
    owner = forest.owner
    n_tips = np.bincount(owner[tip], minlength=n)
    within = tip_depths(forest, 0.0) <= n_steps

    def share(found: np.ndarray) -> np.ndarray:
        count = np.bincount(owner[tip], weights=found, minlength=n)
        return np.where(n_tips > 0, count / np.maximum(n_tips, 1), 1.0)

    return pd.DataFrame(
        {
            "id": forest.ids,
            "n_tips": n_tips,
            "tips_within_reach": share(within),
            "tips_reached": share(visited[tip]),
            "nodes_reached": np.bincount(owner, weights=visited, minlength=n) / forest.n_nodes,
        }
    )


def _spacing(train: Forest, steps: int) -> float:
    """The spacing in um with which the wanted share of the tips is within ``steps``, if any has."""
    if _share_within(train, 0.0, steps) >= WANTED:
        return 0.0
    path_um = path_sum(train.parent_row, train.distance_to_parent)[tips(train)]
    _, length = section_lengths(train)
    spacing_um = float(f"{np.quantile(path_um, WANTED) / (steps - 1):.3g}")
    while _share_within(train, spacing_um, steps) < WANTED and spacing_um < length.max():
        spacing_um = float(f"{spacing_um * GROWTH:.3g}")
    return spacing_um


def _share_within(forest: Forest, spacing_um: float, steps: int) -> float:
    depth = tip_depths(forest, spacing_um)
    return float((depth <= steps).mean()) if len(depth) else 1.0

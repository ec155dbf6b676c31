"""Random walks down the trees of a forest, from the soma towards the tips."""

import hashlib
from typing import Literal

import numpy as np
from numba import njit

from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.tree import child_table, subtree_sum

Children = Literal["uniform", "weighted", "tips"]

# SplitMix64: the increment and the two multipliers of its output function.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
SHIFT_1, SHIFT_2, SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
TO_53_BITS = np.uint64(11)
UNIT = 2.0**-53


def sample_walks(
    forest: Forest, *, n_walks: int, n_steps: int, children: Children, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw self-avoiding walks that start at the soma and end at a tip or after ``n_steps`` nodes.

    The next node is one of the children of the present one (``children``): each alike
    (``"uniform"``, the walks of MorphVAE: Laturnus and Berens, ICML 2021), in proportion to the
    cable of its subtree including the segment that leads to it (``"weighted"``), or in proportion
    to the tips of its subtree (``"tips"``, which reaches every tip with the same probability).

    Returns ``x`` (n, n_walks, n_steps, 3) float32 in um and ``length`` (n, n_walks) int32, the
    number of nodes of each walk, soma included; ``x`` is 0 beyond the length and is to be read
    with it. The walks of a neuron depend on its id, its nodes and the seed alone, not on the
    other neurons; walk ``k`` is the same for any ``n_walks``, and longer walks
    begin with the shorter ones.
    """
    x, length, _ = walks_and_visits(
        forest, n_walks=n_walks, n_steps=n_steps, children=children, seed=seed
    )
    return x, length


def walks_and_visits(
    forest: Forest, *, n_walks: int, n_steps: int, children: Children, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As :func:`sample_walks`, and which nodes (N,) bool some walk comes to."""
    start, child = child_table(forest.parent_row)
    threshold = _thresholds(start, child, _child_weight(forest, start, children))
    x = np.zeros((forest.n, n_walks, n_steps, 3), dtype=np.float32)
    length = np.empty((forest.n, n_walks), dtype=np.int32)
    visited = np.zeros(len(forest.xyz), dtype=bool)
    keys = _stream_keys(forest.ids, seed)
    _descend(forest.xyz, forest.offsets, keys, start, child, threshold, x, length, visited)
    return x, length, visited


def _child_weight(forest: Forest, start: np.ndarray, children: Children) -> np.ndarray:
    """The weight of each node among its siblings, (N,) float64."""
    if children == "uniform":
        return np.ones(len(start) - 1)
    if children == "weighted":
        return subtree_sum(forest.parent_row, forest.segment_length)
    return subtree_sum(forest.parent_row, (np.diff(start) == 0).astype(np.float64))


def _stream_keys(ids: np.ndarray, seed: int) -> np.ndarray:
    """One 64-bit key per neuron for its stream of random numbers, (n,) uint64."""
    digests = [hashlib.blake2b(f"{seed}/{i}".encode(), digest_size=8).digest() for i in ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


@njit(cache=True, nogil=True)
def _thresholds(start: np.ndarray, child: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Cumulative probabilities among siblings, in the order of ``child``; the last is exactly 1.

    Siblings without any weight, such as branches of length 0, are drawn alike.
    """
    threshold = np.empty(len(child))
    for node in range(len(start) - 1):
        total = 0.0
        for k in range(start[node], start[node + 1]):
            total += weight[child[k]]
            threshold[k] = total
        for k in range(start[node], start[node + 1]):
            alike = (k + 1 - start[node]) / (start[node + 1] - start[node])
            threshold[k] = threshold[k] / total if total > 0 else alike
    return threshold


@njit(cache=True, nogil=True)
def _mix(state: np.uint64) -> np.uint64:
    """The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    state = (state ^ (state >> SHIFT_1)) * MULTIPLIER_1
    state = (state ^ (state >> SHIFT_2)) * MULTIPLIER_2
    return state ^ (state >> SHIFT_3)


@njit(cache=True, nogil=True)
def _uniform(stream: np.uint64, counter: int) -> float:
    """Number ``counter`` of a stream, uniform in [0, 1)."""
    return (_mix(stream + np.uint64(counter) * GOLDEN) >> TO_53_BITS) * UNIT


@njit(cache=True, nogil=True)
def _descend(
    xyz: np.ndarray,
    offsets: np.ndarray,
    keys: np.ndarray,
    start: np.ndarray,
    child: np.ndarray,
    threshold: np.ndarray,
    x: np.ndarray,
    length: np.ndarray,
    visited: np.ndarray,
) -> None:
    """Fill the arrays of :func:`walks_and_visits`; each neuron writes its own part."""
    for i in range(len(keys)):
        for walk in range(x.shape[1]):
            stream = _mix(keys[i] + np.uint64(walk + 1) * GOLDEN)
            node, step = offsets[i], 1
            visited[node] = True
            while step < x.shape[2] and start[node] < start[node + 1]:
                k = start[node]
                if start[node + 1] - k > 1:
                    draw = _uniform(stream, step)
                    while threshold[k] <= draw:
                        k += 1
                node = child[k]
                visited[node] = True
                for axis in range(3):
                    x[i, walk, step, axis] = xyz[node, axis]
                step += 1
            length[i, walk] = step

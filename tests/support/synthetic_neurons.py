"""Tiny neurons with known answers, for the tests of all modules that take a Forest."""

from dataclasses import replace

import numpy as np

from morphoflow.forest import Forest, concatenate, single


def line(
    n: int = 5,
    step_um: float = 1.0,
    direction: tuple[float, float, float] = (1.0, 0.0, 0.0),
    identifier: str = "line",
) -> Forest:
    """A straight unbranched neuron of ``n`` nodes with its soma at one end."""
    towards = np.asarray(direction) / np.linalg.norm(direction)
    xyz = np.arange(n)[:, None] * step_um * towards
    return single(identifier, xyz, np.arange(n) - 1, compartment=_soma_then(3, n))


def y_shape(
    stem: int = 2, left: int = 3, right: int = 4, step_um: float = 1.0, identifier: str = "y"
) -> Forest:
    """A stem along +y that splits into a left arm along -x and a right arm along +x.

    Nodes: 0 the soma, ``1..stem`` the stem (its last one branches), then ``left`` nodes, then
    ``right`` nodes; the cable is ``(stem + left + right) * step_um`` long.
    """
    parent = np.arange(stem + left + right + 1) - 1
    parent[stem + left + 1] = stem
    xyz = np.zeros((len(parent), 3))
    xyz[1 : stem + 1, 1] = np.arange(1, stem + 1)
    xyz[stem + 1 :, 1] = stem
    xyz[stem + 1 : stem + left + 1, 0] = -np.arange(1, left + 1)
    xyz[stem + left + 1 :, 0] = np.arange(1, right + 1)
    return single(identifier, xyz * step_um, parent, compartment=_soma_then(3, len(xyz)))


def random_binary_tree(
    rng: np.random.Generator, n_tips: int = 8, step_um: float = 1.0, identifier: str = "random"
) -> Forest:
    """A tree in which every node but the tips has two children; ``2 * n_tips - 1`` nodes.

    The tip that splits next is drawn uniformly; steps have random directions and one length.
    """
    parent, tips = [-1], [0]
    while len(tips) < n_tips:
        chosen = tips.pop(rng.integers(len(tips)))
        tips += [len(parent), len(parent) + 1]
        parent += [chosen, chosen]
    step = rng.normal(size=(len(parent), 3))
    step *= step_um / np.linalg.norm(step, axis=1, keepdims=True)
    xyz = np.zeros_like(step)
    for node in range(1, len(parent)):
        xyz[node] = xyz[parent[node]] + step[node]
    return single(identifier, xyz, np.array(parent), compartment=_soma_then(3, len(parent)))


def small_forest(n: int = 6, seed: int = 0) -> Forest:
    """A line, a Y and ``n - 2`` random binary trees of 4 to 12 tips, with ids ``neuron0`` ..."""
    rng = np.random.default_rng(seed)
    neurons = [line(), y_shape()]
    neurons += [random_binary_tree(rng, n_tips=int(rng.integers(4, 13))) for _ in range(n - 2)]
    forest = concatenate(neurons[:n])
    ids = np.array([f"neuron{i}" for i in range(n)])
    return replace(forest, ids=ids)


def _soma_then(code: int, n: int) -> np.ndarray:
    return np.where(np.arange(n) == 0, 1, code)

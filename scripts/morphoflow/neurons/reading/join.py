"""Several trees in one file become one neuron, joined by bridges, with the soma as its root."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from morphoflow.neurons.reading.tree import SOMA, Tree, longest_usual, root_of, rooted
from morphoflow.reading.findings import Finding, Refused

# Somata in trees apart are those of two cells if they are farther apart than so many times the sum
# of their radii; nearer ones are pieces of one.
RADII_BETWEEN_CELLS = 2
# A cell body within a tree has so much of the radius of the soma at least, and so many times that
# of the nodes beside it.
LEAST_BODY, BODY_PER_NEURITE = 0.5, 2.0


@dataclass(frozen=True)
class Joining:
    """What is to be made of several trees; see :func:`one_tree`."""

    roots: str
    largest_bridge_um: float | None


def one_tree(tree: Tree, soma: int | None, joining: Joining, notes: list[Finding]) -> Tree:
    """One tree with its root as node 0: the soma, or without one the root of the main tree.

    With ``roots`` as ``largest`` the tree with most cable stays, and the others are left out. With
    ``join`` each further tree hangs on its nearest node, the nearest tree first, of the tree of the
    soma or else of the one with most cable; a tree that no bridge of ``largest_bridge_um`` reaches
    is left out, or with ``refuse`` the file is refused. Where it is None, a bridge may be ten times
    as long as 99 % of the file's own segments are at most. Bridges to the soma begin at its
    surface. Raises Refused for two cells in one file, unless they are apart and the largest is to
    be kept.
    """
    _refuse_joined_cells(tree, soma)
    top = root_of(tree.parent)
    cable = np.bincount(top, weights=tree.segment_length, minlength=len(top))
    main = int(np.argmax(np.where(tree.parent < 0, cable, -1.0)))
    bridges = np.empty((0, 2), dtype=np.int64)
    if joining.roots == "largest":
        _leave_out(tree, cable, np.setdiff1d(top, main), notes)
    elif (top != main).any():
        main, bridges = _joined(tree, soma, top, cable, joining, notes)
    root = main
    if soma is None or top[soma] != main:
        notes.append(Finding("no_soma", "the root stands for the soma", line=int(tree.line[main])))
    elif soma != main:
        root = soma
        notes.append(Finding("moved_root", "the root moves to the soma", line=int(tree.line[soma])))
    return rooted(tree, root, bridges)


def _joined(
    tree: Tree,
    soma: int | None,
    top: np.ndarray,
    cable: np.ndarray,
    joining: Joining,
    notes: list[Finding],
) -> tuple[int, np.ndarray]:
    """The root of the main tree, and the edges (k, 2) that join all trees within reach to it."""
    _refuse_two_cells(tree, soma, top)
    limit = joining.largest_bridge_um
    limit = longest_usual(tree.segment_length) if limit is None else limit
    largest = int(np.argmax(np.where(tree.parent < 0, cable, -1.0)))
    main = largest if soma is None else int(top[soma])
    edges, length, away = _bridges(tree, soma, top, main, limit)
    if len(edges) == 0 and cable[main] == 0:  # a soma far from all neurites
        main = largest
        edges, length, away = _bridges(tree, soma, top, main, limit)
    for (start, end), um in zip(edges.tolist(), length.tolist(), strict=True):
        message = f"a further tree is joined by a bridge of {um:.3f} um"
        message += " to the surface of the soma" if end == soma else ""
        line = int(tree.line[top[start]])
        notes.append(Finding("joined_tree", message, line=line, value=f"{um:.3f} um"))
    apart = np.setdiff1d(top, [main, *top[edges[:, 0]]])
    if len(apart) and joining.roots == "refuse":
        far = float(away[top == apart[0]].min())
        message = f"a further tree lies {far:.3f} um away, farther than a bridge of {limit:.3f} um"
        line = int(tree.line[apart[0]])
        raise Refused("distant_tree", message, line=line, value=f"{far:.3f} um")
    _leave_out(tree, cable, apart, notes, f", beyond a bridge of {limit:.3f} um,")
    return main, edges


def _refuse_two_cells(tree: Tree, soma: int | None, top: np.ndarray) -> None:
    """Raise Refused where another tree has neurites and a soma of its own, as the soma's has."""
    is_soma = tree.compartment == SOMA
    neurites = np.bincount(top, weights=np.where(is_soma, 0.0, tree.segment_length))
    if soma is None or neurites[top[soma]] == 0:
        return
    others = np.flatnonzero(is_soma & (top != top[soma]) & (neurites[top] > 0))
    apart = np.linalg.norm(tree.xyz[others] - tree.xyz[soma], axis=1)
    radii = _usable(tree.radius[others]) + _usable(tree.radius[[soma]])
    far = np.flatnonzero(apart > RADII_BETWEEN_CELLS * radii)
    if len(far):
        other, um = int(others[far[0]]), float(apart[far[0]])
        message = (
            f"the file holds several cells, with somata in lines {tree.line[soma]} and "
            f"{tree.line[other]}, {um:.3f} um apart"
        )
        raise Refused("two_cells", message, line=int(tree.line[other]), value=f"{um:.3f} um")


def _refuse_joined_cells(tree: Tree, soma: int | None) -> None:
    """Raise Refused where the soma's tree has a second one, thick and far from the first."""
    if soma is None:
        return
    radius, inner = _usable(tree.radius), np.flatnonzero(tree.parent >= 0)
    beside = np.zeros(len(radius))
    np.maximum.at(beside, tree.parent[inner], radius[inner])
    beside[inner] = np.maximum(beside[inner], radius[tree.parent[inner]])
    body = (tree.compartment == SOMA) & (radius >= LEAST_BODY * radius[soma])
    body &= radius >= BODY_PER_NEURITE * beside
    apart = np.linalg.norm(tree.xyz - tree.xyz[soma], axis=1)
    far = np.flatnonzero(body & (apart > RADII_BETWEEN_CELLS * (radius + radius[soma])))
    if len(far) and root_of(tree.parent)[far[0]] == root_of(tree.parent)[soma]:
        other, um = int(far[0]), float(apart[far[0]])
        message = (
            f"two cells are joined in one tree, with somata in lines {tree.line[soma]} and "
            f"{tree.line[other]}, {um:.3f} um apart"
        )
        raise Refused("joined_cells", message, line=int(tree.line[other]), value=f"{um:.3f} um")


def _usable(radius: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(radius) & (radius > 0), radius, 0.0)


def _bridges(
    tree: Tree, soma: int | None, top: np.ndarray, main: int, limit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges (k, 2) of at most ``limit`` um that join trees to the main one, the nearest first.

    Also their lengths (k,) in um, and the distance (N,) of each node to what is joined before it,
    both from the surface of the soma where that is nearest.
    """
    away = np.full(len(top), np.inf)
    nearest = np.full(len(top), -1)
    waiting = np.flatnonzero(top != main)
    newest, edges, length = main, [], []
    while len(waiting):
        anchors = np.flatnonzero(top == newest)
        distance, which = cKDTree(tree.xyz[anchors]).query(tree.xyz[waiting])
        anchor = anchors[which]
        if soma is not None and top[soma] == newest:
            gap = np.linalg.norm(tree.xyz[waiting] - tree.xyz[soma], axis=1)
            gap = np.maximum(gap - _usable(tree.radius[[soma]]), 0.0)
            anchor = np.where(gap < distance, soma, anchor)
            distance = np.minimum(gap, distance)
        closer = distance < away[waiting]
        away[waiting[closer]] = distance[closer]
        nearest[waiting[closer]] = anchor[closer]
        start = waiting[np.argmin(away[waiting])]
        if away[start] > limit:
            break
        edges.append((start, nearest[start]))
        length.append(away[start])
        newest = top[start]
        waiting = waiting[top[waiting] != newest]
    return np.array(edges, dtype=np.int64).reshape(-1, 2), np.array(length), away


def _leave_out(
    tree: Tree, cable: np.ndarray, tops: np.ndarray, notes: list[Finding], why: str = ""
) -> None:
    for top in tops.tolist():
        message = f"a further tree with {cable[top]:.3f} um of cable{why} is left out"
        line = int(tree.line[top])
        notes.append(Finding("dropped_tree", message, line=line, value=f"{cable[top]:.3f} um"))

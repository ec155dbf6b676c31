"""Several trees in one file become one neuron, with the soma as its root."""

import numpy as np
from scipy.spatial import cKDTree

from morphoflow.neurons.findings import Finding
from morphoflow.neurons.tree import Tree, root_of, rooted


def one_tree(tree: Tree, soma: int | None, roots: str, notes: list[Finding]) -> Tree:
    """One tree with its root as node 0: the soma, or without one the root of the main tree.

    ``roots`` is ``join`` (each further tree is joined at its nearest pair of nodes, the nearest
    tree first, to the tree of the soma or else the one with most cable) or ``largest`` (the tree
    with most cable stays, the others are left out).
    """
    top = root_of(tree.parent)
    tops = np.unique(top)
    cable = np.bincount(top, weights=tree.segment_length)[tops]
    main = int(tops[np.argmax(cable)])
    bridges = np.empty((0, 2), dtype=np.int64)
    if roots == "join":
        main = main if soma is None else int(top[soma])
        bridges = _bridges(tree, top, main, notes)
    else:
        _note_dropped(tree, tops, cable, main, notes)
    root = main
    if soma is None or top[soma] != main:
        notes.append(Finding("no_soma", "the root stands for the soma", int(tree.line[main])))
    elif soma != main:
        root = soma
        notes.append(Finding("moved_root", "the root moves to the soma", int(tree.line[soma])))
    return rooted(tree, root, bridges)


def _note_dropped(
    tree: Tree, tops: np.ndarray, cable: np.ndarray, main: int, notes: list[Finding]
) -> None:
    for top, length in zip(tops.tolist(), cable.tolist(), strict=True):
        if top != main:
            found = f"a further tree with {length:.3f} um of cable is left out"
            notes.append(Finding("dropped_tree", found, int(tree.line[top]), f"{length:.3f} um"))


def _bridges(tree: Tree, top: np.ndarray, main: int, notes: list[Finding]) -> np.ndarray:
    """Edges (k, 2) that join all trees to the main one, each time the one that is nearest."""
    away = np.full(len(top), np.inf)
    nearest = np.full(len(top), -1)
    waiting = np.flatnonzero(top != main)
    newest, edges = main, []
    while len(waiting):
        anchors = np.flatnonzero(top == newest)
        distance, which = cKDTree(tree.xyz[anchors]).query(tree.xyz[waiting])
        closer = distance < away[waiting]
        away[waiting[closer]] = distance[closer]
        nearest[waiting[closer]] = anchors[which[closer]]
        start = waiting[np.argmin(away[waiting])]
        edges.append((start, nearest[start]))
        newest = top[start]
        waiting = waiting[top[waiting] != newest]
        found = f"a further tree is joined by a bridge of {away[start]:.3f} um"
        line = int(tree.line[newest])
        notes.append(Finding("joined_tree", found, line, f"{away[start]:.3f} um"))
    return np.array(edges, dtype=np.int64).reshape(-1, 2)

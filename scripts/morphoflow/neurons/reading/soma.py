"""The soma, in whichever way a file draws it, as one node."""

import numpy as np

from morphoflow.neurons.reading.tree import (
    SOMA,
    Tree,
    contract,
    follow,
    own_if,
    replace_node,
    root_of,
)
from morphoflow.reading.findings import Finding

THREE_POINT_TOLERANCE = 0.05


def collapse_soma(tree: Tree, notes: list[Finding]) -> tuple[Tree, int | None]:
    """Merge the nodes of the soma into one; returns the tree and the soma's row, or None.

    Somata may be one point, the three points of NeuroMorpho.Org (a centre and two points one
    radius away), the outline of the cell body (mean of the points; radius their mean distance) or a
    chain of cylinders (mean of the points; radius the larger of mean radius and mean distance).
    Outlines in several pieces without neurites are one soma if they lie within two radii.
    """
    is_soma = tree.compartment == SOMA
    if is_soma.sum() < 2:
        return tree, int(np.argmax(is_soma)) if is_soma.any() else None
    stays = ~is_soma | (tree.parent < 0) | ~is_soma[tree.parent]
    top = follow(own_if(stays, tree.parent))
    main = _main_piece(tree, is_soma, top)
    members = is_soma & (top == main)
    members |= _other_outlines(tree, is_soma, top, members)
    _note_extra(tree, is_soma & ~members, notes)
    if members.sum() == 1:
        return tree, main
    centre, radius = _centre_and_radius(tree, members, main, notes)
    merged = contract(
        replace_node(tree, main, centre, radius),
        np.where(members, main, np.arange(len(members))),
    )
    return merged, int(np.count_nonzero(~members[:main]))


def _main_piece(tree: Tree, is_soma: np.ndarray, top: np.ndarray) -> int:
    """The topmost row of the piece that bears neurites, holds a root, is largest, comes first."""
    tops, size = np.unique(top[is_soma], return_counts=True)
    root = root_of(tree.parent)
    neurites = np.bincount(root, weights=~is_soma)[root[tops]] > 0
    best = np.lexsort((tops, -size, tree.parent[tops] >= 0, ~neurites))[0]
    return int(tops[best])


def _other_outlines(
    tree: Tree, is_soma: np.ndarray, top: np.ndarray, members: np.ndarray
) -> np.ndarray:
    centre, reach, _ = _extent(tree, members)
    root = root_of(tree.parent)
    bare = np.bincount(root, weights=~is_soma, minlength=len(root))[root] == 0
    count = np.maximum(np.bincount(top, minlength=len(top)), 1)[:, None]
    middle = np.zeros_like(tree.xyz)
    np.add.at(middle, top, tree.xyz)
    near = np.linalg.norm(middle / count - centre, axis=1) <= 2 * reach
    return is_soma & bare & near[top]


def _extent(tree: Tree, members: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The mean of the points, their mean distance to it, and the mean of their usable radii."""
    points = np.unique(tree.xyz[members], axis=0)
    centre = points.mean(axis=0)
    radius = tree.radius[members]
    usable = radius[np.isfinite(radius) & (radius > 0)]
    reach = float(np.linalg.norm(points - centre, axis=1).mean())
    return centre, reach, float(usable.mean()) if len(usable) else 0.0


def _centre_and_radius(
    tree: Tree, members: np.ndarray, main: int, notes: list[Finding]
) -> tuple[np.ndarray, float]:
    centre, reach, thickness = _extent(tree, members)
    n = int(members.sum())
    radius = max(reach, thickness)
    code = "contour_soma" if n > 2 and reach > thickness else "multi_point_soma"
    if _is_three_point(tree, members, main):
        code, centre, radius = "three_point_soma", tree.xyz[main], tree.radius[main]
    message = f"{n} nodes of the soma become one of radius {radius:.3g} um"
    notes.append(Finding(code, message, line=int(tree.line[main]), value=str(n)))
    return centre, radius


def _is_three_point(tree: Tree, members: np.ndarray, main: int) -> bool:
    others = np.flatnonzero(members & (np.arange(len(members)) != main))
    if len(others) != 2 or (tree.parent[others] != main).any():
        return False
    arms = tree.xyz[others] - tree.xyz[main]
    tolerance = THREE_POINT_TOLERANCE * tree.radius[main]
    opposite = np.linalg.norm(arms.sum(axis=0)) <= tolerance
    return bool(
        opposite and (np.abs(np.linalg.norm(arms, axis=1) - tree.radius[main]) <= tolerance).all()
    )


def _note_extra(tree: Tree, extra: np.ndarray, notes: list[Finding]) -> None:
    if extra.any():
        n = int(extra.sum())
        message = f"{n} nodes of type 1 lie away from the soma and are read as neurite"
        notes.append(
            Finding("extra_soma", message, line=int(tree.line[np.argmax(extra)]), value=str(n))
        )

"""Nodes at even spacing along each unbranched section."""

import numpy as np

from morphoflow.neurons.reading.tree import Tree, follow, own_if, path_sum


def resample(tree: Tree, spacing_um: float) -> Tree:
    """Replace the nodes within sections by evenly spaced ones, by linear interpolation.

    A section runs from the root or a branch point to the next branch point or tip; those nodes
    stay. It is cut into the whole number of equal pieces, at least one, that comes nearest to
    ``spacing_um`` along the cable. A new node has the compartment and line of the segment it is on.
    """
    section, start, end = _sections(tree.parent)
    along = path_sum(tree.parent, tree.segment_length)
    length = along[end] - along[start]
    pieces = np.maximum(1, np.rint(length / spacing_um)).astype(np.int64)
    new_section = np.repeat(np.arange(len(end)), pieces)
    before = np.cumsum(pieces) - pieces
    step = np.arange(len(new_section)) - before[new_section] + 1

    # All sections are laid on one line, one after the other, so that one search serves them all.
    base = np.cumsum(length) - length
    place = base[section] + along[1:] - along[start][section]
    wanted = base[new_section] + length[new_section] * step / pieces[new_section]
    node = _first_not_before(place, section, wanted, new_section)
    share = 1 - (place[node - 1] - wanted) / tree.segment_length[node]
    at_end = step == pieces[new_section]
    node[at_end], share[at_end] = end, 1.0

    new_row = np.zeros(len(tree.parent), dtype=np.int64)
    new_row[end] = before + pieces
    up = np.where(step == 1, new_row[start][new_section], np.arange(len(step)))
    return _interpolated(tree, node, share, np.concatenate([[-1], up]))


def _sections(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The section of each node but the root (N - 1,), the start and end node of each section."""
    stays = np.bincount(parent[1:], minlength=len(parent)) != 1
    stays[0] = True
    inside = np.flatnonzero(~stays[parent[1:]]) + 1
    only_child = np.arange(len(parent))
    only_child[parent[inside]] = inside
    end = np.flatnonzero(stays)[1:]
    start = follow(own_if(stays, parent))[parent[end]]
    return np.searchsorted(end, follow(only_child)[1:]), start, end


def _first_not_before(
    place: np.ndarray, section: np.ndarray, wanted: np.ndarray, wanted_section: np.ndarray
) -> np.ndarray:
    """The node (not the root) at or after each wanted place in the wanted section."""
    # Parents precede their children, so a stable order is also the order along each section.
    order = np.argsort(section, kind="stable")
    last = np.cumsum(np.bincount(section)) - 1
    first = np.concatenate([[0], last[:-1] + 1])
    index = np.searchsorted(place[order], wanted)
    return order[np.clip(index, first[wanted_section], last[wanted_section])] + 1


def _interpolated(tree: Tree, node: np.ndarray, share: np.ndarray, parent: np.ndarray) -> Tree:
    """The root, then points at ``share`` of the way from the parent of ``node`` to ``node``."""
    up = tree.parent[node]
    values = np.column_stack([tree.xyz, tree.radius])
    between = values[up] + (values[node] - values[up]) * share[:, None]
    between[share == 1.0] = values[node[share == 1.0]]
    rows = np.concatenate([[0], node])
    xyzr = np.concatenate([values[:1], between])
    return Tree(xyzr[:, :3], xyzr[:, 3], tree.compartment[rows], parent, tree.line[rows])

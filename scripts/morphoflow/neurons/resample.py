"""Nodes at even spacing along each unbranched section."""

import numpy as np

from morphoflow.neurons.tree import Tree, follow, own_if, path_sum


def resample(tree: Tree, spacing_um: float) -> Tree:
    """Replace the nodes within sections by evenly spaced ones, by linear interpolation.

    A section runs from the root or a branch point to the next branch point or tip; those nodes
    stay. It is cut into the whole number of equal pieces, at least one, that comes nearest to
    ``spacing_um`` along the cable. A new node has the compartment and line of the segment it is on.
    """
    parent = tree.parent
    n_children = np.bincount(parent[1:], minlength=len(parent))
    stays = n_children != 1
    stays[0] = True
    end = _section_end(parent, stays)
    ends = np.flatnonzero(stays)[1:]
    start = follow(own_if(stays, parent))[parent[ends]]
    along = path_sum(parent, tree.segment_length)
    length = along[ends] - along[start]
    pieces = np.maximum(1, np.rint(length / spacing_um)).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(pieces)[:-1]])

    section = np.repeat(np.arange(len(ends)), pieces)
    step = np.arange(len(section)) - before[section] + 1
    inner = step < pieces[section]
    wanted = along[start][section] + length[section] * step / pieces[section]
    node = ends[section]
    node[inner] = _segment_at(section[inner], wanted[inner], end, along, ends, start)

    up = parent[node]
    span = along[node] - along[up]
    share = np.where(inner, (wanted - along[up]) / np.where(span > 0, span, 1.0), 1.0)
    new_of_end = np.zeros(len(parent), dtype=np.int64)
    new_of_end[ends] = before + pieces
    new_parent = np.where(step == 1, new_of_end[start[section]], np.arange(len(section)))
    return Tree(
        xyz=_between(tree.xyz, up, node, share),
        radius=_between(tree.radius, up, node, share),
        compartment=np.concatenate([tree.compartment[:1], tree.compartment[node]]),
        parent=np.concatenate([[-1], new_parent]),
        line=np.concatenate([tree.line[:1], tree.line[node]]),
    )


def _section_end(parent: np.ndarray, stays: np.ndarray) -> np.ndarray:
    """The node at the far end of the section that each node but the root is in, (N,)."""
    only_child = np.arange(len(parent))
    inside = np.flatnonzero(~stays[parent[1:]]) + 1
    only_child[parent[inside]] = inside
    return follow(only_child)


def _segment_at(
    section: np.ndarray,
    wanted: np.ndarray,
    end: np.ndarray,
    along: np.ndarray,
    ends: np.ndarray,
    start: np.ndarray,
) -> np.ndarray:
    """The node at the lower end of the segment at path length ``wanted`` in each ``section``."""
    number = np.full(len(along), -1)
    number[ends] = np.arange(len(ends))
    nodes = np.arange(1, len(along))
    order = nodes[np.lexsort((along[1:], number[end[1:]]))]
    last = np.cumsum(np.bincount(number[end[1:]], minlength=len(ends)))
    base = np.concatenate([[0.0], np.cumsum(along[ends] - along[start])])
    place = base[number[end[order]]] + along[order] - along[start[number[end[order]]]]
    found = np.searchsorted(place, base[section] + wanted - along[start[section]])
    first = np.concatenate([[0], last[:-1]])
    return order[np.clip(found, first[section], last[section] - 1)]


def _between(values: np.ndarray, up: np.ndarray, node: np.ndarray, share: np.ndarray) -> np.ndarray:
    """``values`` (N, ...) of the root, then interpolated from ``up`` to ``node`` by ``share``."""
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    between = np.where(share == 1.0, values[node], values[up] * (1 - share) + values[node] * share)
    return np.concatenate([values[:1], between])

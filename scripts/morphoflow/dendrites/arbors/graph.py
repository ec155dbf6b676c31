"""The skeleton of dendrites as a graph: branch points, tips, and the segments between them."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from morphoflow.dendrites.arbors.skeleton import Skeleton
from morphoflow.images.skeleton_graph import Graph, cycles, skeleton_graph

# A piece of less than so many pixels of line is a speck.
SPECK = 4.0


@dataclass(frozen=True)
class Arbor:
    """Points (n, 2) along y, x in pixels from the image's corner and the edges (m, 2) between them.

    ``length`` (m,) is each edge's, ``degree`` (n,) the number of edges at a point and ``segment``
    (m,) the number of the segment that an edge belongs to, from 0. ``loops`` is the number of
    independent closed paths.
    """

    points: np.ndarray
    edges: np.ndarray
    length: np.ndarray
    degree: np.ndarray
    segment: np.ndarray
    loops: int

    def middles(self) -> np.ndarray:
        """The middle of each edge, (m, 2)."""
        return self.points[self.edges].mean(axis=1)

    def drawn(self, shape: tuple[int, int]) -> np.ndarray:
        """An image of this ``shape`` that is true in the pixels of the points."""
        line = np.zeros(shape, dtype=bool)
        line[tuple(self.points.astype(int).T)] = True
        return line

    def segment_lengths(self) -> np.ndarray:
        """The length of each segment along its course, (k,)."""
        return np.bincount(self.segment, weights=self.length)

    def segment_chords(self) -> np.ndarray:
        """The distance between each segment's ends, (k,); 0 where it closes upon itself."""
        sums = np.zeros((self.segment.max(initial=-1) + 1, 2))
        ends = np.flatnonzero(self.degree[self.edges].ravel() != 2)
        owner, sign = self.segment[ends // 2], np.ones(len(ends))
        order = np.argsort(owner, kind="stable")
        sign[order[1::2]] = -1
        np.add.at(sums, owner, sign[:, None] * self.points[self.edges.ravel()[ends]])
        return np.linalg.norm(sums, axis=1)


def arbor(thinned: Skeleton) -> Arbor:
    """The graph of a ``thinned`` line, without spurs, specks and tips in the soma."""
    voxels = np.pad(np.argwhere(thinned.line), ((0, 0), (1, 0)))
    if len(voxels) < SPECK:
        return _arbor(Graph(np.zeros((0, 3)), np.zeros((0, 2), dtype=np.int64), np.zeros(0)))
    graph = skeleton_graph(voxels, np.ones(3), _outline(thinned.mask))
    graph = _without_tips(graph, thinned.soma)
    _, piece = connected_components(graph.matrix(np.ones(len(graph.edges))), directed=False)
    first = piece[graph.edges[:, 0]]
    total = np.bincount(first, weights=graph.lengths(), minlength=len(graph.points))
    return _arbor(graph.kept(total[piece] >= SPECK))


def _without_tips(graph: Graph, soma: np.ndarray) -> Graph:
    """The graph when all lines that end in the ``soma`` (s, s) are drawn back to where they part.

    Thinning gives a round soma lines that end near its surface and are no dendrites.
    """
    inside = soma[tuple(graph.points[:, 1:].astype(int).T)]
    while (tips := inside & (graph.degree < 2)).any():
        graph, inside = graph.kept(~tips), inside[~tips]
    return graph


def _arbor(graph: Graph) -> Arbor:
    return Arbor(
        graph.points[:, 1:],
        graph.edges,
        graph.lengths(),
        graph.degree,
        _segments(graph),
        cycles(graph) if len(graph.points) else 0,
    )


def _segments(graph: Graph) -> np.ndarray:
    """The segment of each edge, (m,): edges that share a point with no third edge are of one."""
    m = len(graph.edges)
    if m == 0:
        return np.zeros(0, dtype=np.int64)
    ends = graph.edges.ravel()
    order = np.argsort(ends, kind="stable")
    order = order[graph.degree[ends[order]] == 2] // 2
    chain = Graph(np.zeros((m, 3)), order.reshape(-1, 2), np.zeros(m))
    return connected_components(chain.matrix(np.ones(len(chain.edges))), directed=False)[1]


def _outline(mask: np.ndarray) -> np.ndarray:
    """The middles of the pixel sides between ``mask`` (s, s) and the rest, (k, 3) with z 0.5."""
    below = np.argwhere(mask[1:] != mask[:-1]) + np.array([1.0, 0.5])
    beside = np.argwhere(mask[:, 1:] != mask[:, :-1]) + np.array([0.5, 1.0])
    faces = np.concatenate([below, beside])
    if len(faces) == 0:
        faces = np.zeros((1, 2))
    return np.pad(faces, ((0, 0), (1, 0)), constant_values=0.5)

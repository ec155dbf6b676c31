"""The skeleton of dendrites as a graph: branch points, tips, and the segments between them."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.sparse.csgraph import connected_components

from morphoflow.dendrites.arbors.skeleton import Skeleton
from morphoflow.dendrites.arbors.topology import (
    at_frame,
    contacts_opened,
    crossings_parted,
    without_forks,
    without_soma,
)
from morphoflow.images.skeleton_graph import Graph, cycles, skeleton_graph

# A piece of less than so many pixels of line is a speck.
SPECK = 4.0
# A short side branch is one if it sticks out of the widest ball in its stem by a pixel and this
# share of the ball's radius: thin ones are dendrites, not ragged edges.
BRANCH = 0.25

# Places that are looked at beyond a tip, and points on its line by which it has light and course.
LOOKS, BEFORE = 33, 3


@dataclass(frozen=True)
class Arbor:
    """Points (n, 2) along y, x in pixels from the image's corner and the edges (m, 2) between them.

    ``length`` (m,) is each edge's, ``degree`` (n,) the number of edges at a point and ``segment``
    (m,) the number of the segment that an edge belongs to, from 0; ``radius`` (n,) is half a line's
    width. Points of degree 1 are ``tip``, ``cut`` by the frame or a ``root`` at the soma, (n,)
    bool. ``crossings`` counts where lines cross, ``contacts`` where closed paths of the image were
    opened and ``loops`` those that are left.
    """

    points: np.ndarray
    radius: np.ndarray
    edges: np.ndarray
    length: np.ndarray
    degree: np.ndarray
    segment: np.ndarray
    tip: np.ndarray
    cut: np.ndarray
    root: np.ndarray
    crossings: int
    contacts: int
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


def arbor(thinned: Skeleton, grey: np.ndarray) -> Arbor:
    """The graph of a ``thinned`` line in the image ``grey`` (s, s), without spurs and specks.

    It ends at the soma, lines that cross are parted, and closed paths are opened.
    """
    voxels = np.pad(np.argwhere(thinned.line), ((0, 0), (1, 0)))
    graph = Graph(np.zeros((0, 3)), np.zeros((0, 2), dtype=np.int64), np.zeros(0))
    if len(voxels) >= SPECK:
        graph = skeleton_graph(voxels, np.ones(3), _outline(thinned.mask), branch=BRANCH)
    rooted = without_soma(without_forks(graph), thinned.soma)
    rooted, crossings = crossings_parted(rooted, len(grey))
    rooted, contacts = contacts_opened(rooted, grey, _segments(rooted.graph))
    graph, root = rooted.graph, rooted.root
    _, piece = connected_components(graph.adjacency, directed=False)
    first = piece[graph.edges[:, 0]]
    total = np.bincount(first, weights=graph.lengths(), minlength=len(graph.points))
    large = total[piece] >= SPECK
    graph, root = graph.kept(large), root[large]
    end, framed = graph.degree == 1, at_frame(graph, len(grey))
    graph = _to_half_light(graph, end & ~framed & ~root, grey, thinned.background)
    return Arbor(
        graph.points[:, 1:],
        graph.radius,
        graph.edges,
        graph.lengths(),
        graph.degree,
        _segments(graph),
        end & ~framed & ~root,
        end & framed & ~root,
        root,
        crossings,
        contacts,
        cycles(graph) if len(graph.points) else 0,
    )


def _to_half_light(graph: Graph, tip: np.ndarray, grey: np.ndarray, background: float) -> Graph:
    """The graph with each ``tip`` (n,) moved out to where its line's light has fallen to half.

    There a blurred line ends; thinning stops before. It is looked for within two radii.
    """
    tips = np.flatnonzero(tip)
    if len(tips) == 0:
        return graph
    inner = _inner(graph, tips)
    places, step = graph.points[tips, 1:], graph.points[tips, 1:] - graph.points[inner, 1:]
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    out = np.linspace(0, 2, LOOKS)[:, None] * graph.radius[tips]
    looked = places[None] + out[..., None] * step
    light = map_coordinates(grey, np.moveaxis(looked, 2, 0) - 0.5, order=1, mode="nearest")
    level = map_coordinates(grey, graph.points[inner, 1:].T - 0.5, order=1, mode="nearest")
    dark = light < (level + background) / 2
    first = np.where(dark.any(axis=0), dark.argmax(axis=0), 0)
    points = graph.points.copy()
    points[tips, 1:] = looked[first, np.arange(len(tips))]
    return Graph(points, graph.edges, graph.radius)


def _inner(graph: Graph, tips: np.ndarray) -> np.ndarray:
    """For each of ``tips`` (k,), a point on its line some points before it."""
    degree, matrix = graph.degree, graph.adjacency
    before, point = tips, matrix.indices[matrix.indptr[tips]]
    for _ in range(BEFORE):
        plain = degree[point] == 2
        start = matrix.indptr[point]
        one, other = matrix.indices[start], matrix.indices[np.where(plain, start + 1, start)]
        after = np.where(one == before, other, one)
        before, point = np.where(plain, point, before), np.where(plain, after, point)
    return point


def _segments(graph: Graph) -> np.ndarray:
    """The segment of each edge, (m,): edges that share a point with no third edge are of one."""
    m = len(graph.edges)
    if m == 0:
        return np.zeros(0, dtype=np.int64)
    ends = graph.edges.ravel()
    order = np.argsort(ends, kind="stable")
    order = order[graph.degree[ends[order]] == 2] // 2
    chain = Graph(np.zeros((m, 3)), order.reshape(-1, 2), np.zeros(m))
    return connected_components(chain.adjacency, directed=False)[1]


def _outline(mask: np.ndarray) -> np.ndarray:
    """The middles of the pixel sides between ``mask`` (s, s) and the rest, (k, 3) with z 0.5."""
    below = np.argwhere(mask[1:] != mask[:-1]) + np.array([1.0, 0.5])
    beside = np.argwhere(mask[:, 1:] != mask[:, :-1]) + np.array([0.5, 1.0])
    faces = np.concatenate([below, beside])
    if len(faces) == 0:
        faces = np.zeros((1, 2))
    return np.pad(faces, ((0, 0), (1, 0)), constant_values=0.5)

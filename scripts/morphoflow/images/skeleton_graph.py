"""A skeleton's voxels as a graph: clean of spurs, smooth, and measured."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

# A line is a spur where it sticks out of the ball about its branch point by less than one voxel
# and this share of the ball's radius.
PROTRUSION = 0.3
# Positions are averaged with their neighbours' so many times; each adds half a step's variance.
ROUNDS = 10


@dataclass(frozen=True)
class Graph:
    """Points (n, 3) along z, y, x, the edges (m, 2) between them, and ``radius`` (n,).

    ``radius`` is the distance from a point to the object's surface; lengths share one unit.
    """

    points: np.ndarray
    edges: np.ndarray
    radius: np.ndarray

    @cached_property
    def adjacency(self) -> csr_array:
        """Which points have an edge between them, as a symmetric matrix (n, n) of ones."""
        return self.matrix(np.ones(len(self.edges)))

    @property
    def degree(self) -> np.ndarray:
        """Edges at each point, (n,) int64."""
        return np.bincount(self.edges.ravel(), minlength=len(self.points))

    def lengths(self) -> np.ndarray:
        """Length of each edge, (m,) float64."""
        return np.linalg.norm(np.diff(self.points[self.edges], axis=1)[:, 0], axis=1)

    def kept(self, keep: np.ndarray) -> "Graph":
        """The graph of the points where ``keep`` (n,) is true."""
        number = np.cumsum(keep) - 1
        edges = number[self.edges[keep[self.edges].all(axis=1)]]
        return Graph(self.points[keep], edges, self.radius[keep])

    def matrix(self, weights: np.ndarray) -> csr_array:
        """The symmetric matrix of the edges' ``weights`` (m,)."""
        a, b = self.edges.T
        n = len(self.points)
        rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
        return coo_array((np.tile(weights, 2), (rows, columns)), shape=(n, n)).tocsr()


def skeleton_graph(
    voxels: np.ndarray,
    spacing: np.ndarray,
    surface: np.ndarray,
    *,
    branch: float = PROTRUSION,
    end: float = PROTRUSION,
    reach: float = PROTRUSION,
) -> Graph:
    """The centre lines through the ``voxels`` (k, 3) of a skeleton, in the unit of ``spacing``.

    ``surface`` (s, 3) are points of the object's surface, from which radii are measured, counted
    like the lines from the outer corner of the first voxel. Where
    lines meet, the voxels are drawn together into one point. A line ends where the largest ball
    inside the object does: a spur that hardly sticks out of the ball about the point where it
    branches off goes, and so does the part of an end within the ball of a point before it. The
    centre line of a rod with round caps thus runs between the caps' centres. A ``branch``
    sticks out of the ball about its stem by this share of its radius at least, and the ``end`` of a
    line out of the ball before it; of an end within that ball, so much of it is kept as ``reach``
    says, in radii.
    """
    graph = _contracted(voxels)
    points = _smoothed((graph.points + 0.5) * spacing, graph)
    voxel = float(np.min(spacing))
    radius = np.maximum(cKDTree(surface).query(points)[0], voxel / 2)
    return _pruned(Graph(points, graph.edges, radius), voxel, (branch, end, reach))


def longest_path(graph: Graph) -> tuple[float, float]:
    """The longest of the shortest paths between points, and the straight distance of its ends.

    Found from the point furthest from the first one, which is exact for trees.
    """
    matrix = graph.matrix(graph.lengths())
    _, piece = connected_components(matrix, directed=False)
    start = int(np.argmax(piece == np.bincount(piece).argmax()))
    for _ in range(2):
        reached = dijkstra(matrix, indices=start)
        begin, start = start, int(np.where(np.isfinite(reached), reached, -1).argmax())
    straight = np.linalg.norm(graph.points[start] - graph.points[begin])
    return float(reached[start]), float(straight)


def cycles(graph: Graph) -> int:
    """The number of independent closed paths."""
    pieces, _ = connected_components(graph.adjacency, directed=False)
    return len(graph.edges) - len(graph.points) + pieces


def _contracted(voxels: np.ndarray) -> Graph:
    """The graph of touching voxels, those with more than two neighbours merged with their like."""
    edges = cKDTree(voxels).query_pairs(1.8, output_type="ndarray").astype(np.int64)
    graph = Graph(voxels.astype(np.float64), edges, np.zeros(len(voxels)))
    meeting = graph.degree > 2
    inner = meeting[edges].all(axis=1)
    joined = Graph(graph.points, edges[inner], graph.radius)
    count, cluster = connected_components(joined.adjacency, directed=False)
    size = np.bincount(cluster, minlength=count)[:, None]
    sums = [np.bincount(cluster, weights=axis, minlength=count) for axis in graph.points.T]
    outer = np.sort(cluster[edges[~inner]], axis=1)
    outer = np.unique(outer[outer[:, 0] != outer[:, 1]], axis=0)
    return Graph(np.stack(sums, axis=1) / size, outer, np.zeros(count))


def _smoothed(points: np.ndarray, graph: Graph) -> np.ndarray:
    """Points moved half-way to their neighbours' mean ``ROUNDS`` times; ends stay."""
    degree = graph.degree
    matrix = graph.adjacency
    share = np.where(degree > 1, 0.5, 0.0)[:, None]
    for _ in range(ROUNDS):
        mean = (matrix @ points) / np.maximum(degree, 1)[:, None]
        points = points + share * (mean - points)
    return points


def _pruned(graph: Graph, voxel: float, shares: tuple) -> Graph:
    """The graph without its spurs, the shortest at each branch point first, and with ends cut."""
    branch, end, reach = shares
    while True:
        matrix = graph.adjacency
        least = branch * graph.radius + voxel
        keep = _without_spurs(matrix.indptr, matrix.indices, graph.points, graph.radius, least)
        if keep.all():
            break
        graph = graph.kept(keep)
    matrix = graph.adjacency
    margins = end * graph.radius + voxel, reach * graph.radius + voxel
    return graph.kept(_cut(matrix.indptr, matrix.indices, graph.points, graph.radius, *margins))


@njit(cache=True)
def _excess(points, radius, tip, inner):
    """How far the ball about ``tip`` sticks out of that about ``inner``."""
    step = points[tip] - points[inner]
    return np.sqrt((step * step).sum()) + radius[tip] - radius[inner]


@njit(cache=True)
def _next(start, neighbours, before, point):
    """The neighbour of a point on a line that is not the one before."""
    first = neighbours[start[point]]
    return neighbours[start[point] + 1] if first == before else first


@njit(cache=True)
def _without_spurs(start, neighbours, points, radius, least):
    """What is left (n,) bool when each branch point has lost the spur that sticks out least.

    Only what sticks out by less than ``least`` (n,), which is changed, is a spur.
    """
    n = len(points)
    degree = start[1:] - start[:-1]
    spur = np.full(n, -1)
    for tip in range(n):
        if degree[tip] != 1:
            continue
        before, point = tip, neighbours[start[tip]]
        while degree[point] == 2:
            before, point = point, _next(start, neighbours, before, point)
        if degree[point] > 2:
            excess = _excess(points, radius, tip, point)
            if excess < least[point]:
                least[point], spur[point] = excess, tip
    keep = np.ones(n, dtype=np.bool_)
    for branch in range(n):
        point, before = spur[branch], spur[branch]
        while point >= 0 and point != branch:
            keep[point] = False
            after = neighbours[start[point]]
            if point != spur[branch]:
                after = _next(start, neighbours, before, point)
            before, point = point, after
    return keep


@njit(cache=True)
def _cut(start, neighbours, points, radius, margins, reaches):
    """What is left (n,) bool when ends are cut where the largest ball within the object ends.

    A tip is within the ball about a point that it sticks out of by less than the point's margin, of
    ``margins`` (n,). The line ends the point's reach, of ``reaches`` (n,), before the furthest such
    point, which is the centre of the cap whether the tip lay there or at the surface.
    """
    n = len(points)
    degree = start[1:] - start[:-1]
    keep = np.ones(n, dtype=np.bool_)
    path = np.empty(n, dtype=np.int64)
    for tip in range(n):
        if degree[tip] != 1:
            continue
        path[0], path[1] = tip, neighbours[start[tip]]
        count, last = 1, 0
        while keep[path[count]]:
            point = path[count]
            if _excess(points, radius, tip, point) < margins[point]:
                last = count
            if degree[point] != 2:
                break
            count += 1
            path[count] = _next(start, neighbours, path[count - 2], point)
        margin = reaches[path[last]]
        while last > 0 and margin > 0:
            step = points[path[last]] - points[path[last - 1]]
            margin -= np.sqrt((step * step).sum())
            last -= 1
        for i in range(last):
            keep[path[i]] = False
    return keep

"""What a drawn skeleton is as dendrites: crossings parted, closed paths opened, ends told apart.

Dendrites of one neuron branch and never fuse, and avoid one another: two lines that go straight
through a point cross there, and a path that closes does so where a tip touches other cable or
passes it nearer than the microscope resolves.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree

from morphoflow.images.skeleton_graph import Graph

# Lines that cross share at most so many radii of their course, and turn by less than this there.
SHARED, TURN = 8.0, np.radians(20)
# The direction of a line is taken between these distances from where it meets others, in radii.
NEAR, FAR = 1.5, 6.0
# A line that hangs free is one of its own from this length on, in radii, and not two side branches.
FREE = 40.0
# Lines of this half-width in pixels and more may end in corners, at most so many radii away.
THICK, CORNER = 4.0, 1.8
# An end so near to the frame, beside its own radius, is cut by it, in pixels.
FRAME = 3.0


@dataclass(frozen=True)
class Rooted:
    """A ``graph`` outside the soma, and which of its points (n,) were joined to what lies in it."""

    graph: Graph
    root: np.ndarray


def without_soma(graph: Graph, soma: np.ndarray) -> Rooted:
    """The part of ``graph`` outside the ``soma`` (s, s) bool: what is within is no cable."""
    inside = soma[tuple(graph.points[:, 1:].astype(int).T)]
    root = np.zeros(len(inside), dtype=bool)
    root[graph.edges[inside[graph.edges[:, ::-1]]]] = True
    return Rooted(graph.kept(~inside), root[~inside])


def at_frame(graph: Graph, side: int) -> np.ndarray:
    """Which points (n,) lie so near to the frame of an image of this ``side`` that it cut them."""
    place = graph.points[:, 1:]
    return np.minimum(place, side - place).min(axis=1) < FRAME + graph.radius


# The ends of thick lines.


def without_forks(graph: Graph) -> Graph:
    """The graph when lines wider than ``THICK`` that fork into the corners of their end do not."""
    corner = np.zeros(len(graph.points), dtype=bool)
    degree = graph.degree
    for point in np.flatnonzero((degree == 3) & (graph.radius >= THICK)):
        paths = _paths(graph, np.array([point]))
        reach = CORNER * graph.radius[point]
        short = [p for p in paths if degree[p[-1]] == 1 and _length(graph, p) < reach]
        if len(short) == 2:
            corner[np.concatenate([path[1:] for path in short])] = True
    return graph.kept(~corner)


# Crossings.


def crossings_parted(rooted: Rooted, side: int) -> tuple[Rooted, int]:
    """The lines with each crossing made two points, and the number of crossings.

    A crossing has four arms, at one point or at two with a short course in common, that go straight
    on in pairs. Two side branches of one stem that lie opposite to each other look the same; they
    are told apart by what parting them would do: it may not set a short line free that is joined to
    neither soma nor frame, while the other is.
    """
    found = 0
    for first, last in _meetings(rooted.graph):
        parted = _parted(rooted, first, last)
        if parted is not None and _may_part(rooted, parted, side):
            rooted, found = parted, found + 1
    return rooted, found


def _meetings(graph: Graph) -> list[tuple[int, int]]:
    """Points where four lines meet, and pairs of such where three do, nearest first."""
    degree = graph.degree
    four = [(p, p) for p in np.flatnonzero(degree == 4)]
    short = []
    for path in _paths(graph, np.flatnonzero(degree == 3)):
        ends = path[[0, -1]]
        length = _length(graph, path)
        near = length < SHARED * graph.radius[ends].mean()
        if near and ends[0] < ends[1] and (degree[ends] == 3).all():
            short.append((length, tuple(ends)))
    taken, pairs = set(), []
    for _, ends in sorted(short):
        if taken.isdisjoint(ends):
            taken.update(ends)
            pairs.append(ends)
    return [*four, *pairs]


def _paths(graph: Graph, starts: np.ndarray) -> list[np.ndarray]:
    """The points of every line from each of ``starts`` to the next point that is not plain."""
    matrix = graph.adjacency
    return [
        _walked(matrix, start, after)
        for start in starts
        for after in matrix.indices[matrix.indptr[start] : matrix.indptr[start + 1]]
    ]


def _length(graph: Graph, path: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(graph.points[path], axis=0), axis=1).sum())


def _walked(matrix, before: int, point: int) -> np.ndarray:
    path = [before, point]
    while matrix.indptr[point + 1] - matrix.indptr[point] == 2 and point != path[0]:
        one, other = matrix.indices[matrix.indptr[point] : matrix.indptr[point + 1]]
        point = other if one == path[-2] else one
        path.append(point)
    return np.array(path)


def _parted(rooted: Rooted, first: int, last: int) -> Rooted | None:
    """The graph with a line of its own for each pair of arms that go straight on, or None.

    The points from ``first`` to ``last`` are doubled for the second line.
    """
    graph = rooted.graph
    paths = _paths(graph, np.unique([first, last]))
    course = np.array([first])
    if first != last:
        course = next(path for path in paths if path[0] == first and path[-1] == last)
        shared = {tuple(course[:2]), tuple(course[:-3:-1])}
        paths = [path for path in paths if tuple(path[:2]) not in shared]
    if len(paths) != 4 or any(path[-1] in (first, last) for path in paths):
        return None
    arms = [_arm(graph, path) for path in paths]
    one, *rest = range(4)
    pairings = [((one, k), tuple(j for j in rest if j != k)) for k in rest]
    if first != last:
        # The arms at one end of the common course are sides of an acute angle, not one line.
        pairings = [p for p in pairings if all(paths[i][0] != paths[j][0] for i, j in p)]
    turns = [max(_turn(arms[i], arms[j]) for i, j in pairing) for pairing in pairings]
    best = int(np.argmin(turns))
    if turns[best] > TURN:
        return None
    return _doubled(rooted, course, [paths[k] for k in pairings[best][1]])


def _doubled(rooted: Rooted, course: np.ndarray, second: list[np.ndarray]) -> Rooted:
    """The graph in which the two paths ``second`` hang on a copy of the points of ``course``."""
    graph = rooted.graph
    copy = len(graph.points) + np.arange(len(course))
    edges = graph.edges.copy()
    for path in second:
        edge = (edges == path[0]).any(axis=1) & (edges == path[1]).any(axis=1)
        edges[edge] = copy[0 if path[0] == course[0] else -1], path[1]
    edges = np.concatenate([edges, np.stack([copy[:-1], copy[1:]], axis=1)])
    points = np.concatenate([graph.points, graph.points[course]])
    radius = np.concatenate([graph.radius, graph.radius[course]])
    return Rooted(Graph(points, edges, radius), np.concatenate([rooted.root, rooted.root[course]]))


def _arm(graph: Graph, path: np.ndarray) -> np.ndarray:
    """The near and the far place (2, 2) between which a line has its direction."""
    places, radius = graph.points[path, 1:], graph.radius[path[0]]
    along = np.concatenate([[0], np.linalg.norm(np.diff(places, axis=0), axis=1).cumsum()])
    wanted = np.minimum(along[-1] * np.array([0.5, 1.0]), radius * np.array([NEAR, FAR]))
    return np.stack([np.interp(wanted, along, axis) for axis in places.T], axis=1)


def _turn(one: np.ndarray, other: np.ndarray) -> float:
    """The largest angle by which a line turns that runs along one arm in and the other out."""
    steps = np.diff([one[1], one[0], other[0], other[1]], axis=0)
    steps = steps[:, 0] * 1j + steps[:, 1]
    return float(np.abs(np.angle(steps[1:] * steps[:-1].conj())).max())


def _may_part(before: Rooted, after: Rooted, side: int) -> bool:
    """Whether ``after`` is in as many pieces, or its new one is held as the one it came from is."""
    graph = after.graph
    pieces, piece = _pieces(graph)
    if pieces == _pieces(before.graph)[0]:
        return True
    held = after.root | (at_frame(graph, side) & (graph.degree == 1))
    ends = piece[[-1, _twin(graph)]]
    free = [end for end in ends if not held[piece == end].any()]
    length = np.bincount(piece[graph.edges[:, 0]], weights=graph.lengths(), minlength=pieces)
    return len(free) != 1 or length[free[0]] > FREE * graph.radius[-1]


def _twin(graph: Graph) -> int:
    """The point of which the last one is the copy."""
    return int(np.flatnonzero((graph.points[:-1] == graph.points[-1]).all(axis=1))[0])


def _pieces(graph: Graph) -> tuple[int, np.ndarray]:
    return connected_components(graph.adjacency, directed=False)


# Closed paths.


def contacts_opened(rooted: Rooted, grey: np.ndarray, segment: np.ndarray) -> tuple[Rooted, int]:
    """The lines without closed paths, and how many were opened.

    Of a closed path the ``segment`` (m,) with the least mean light in ``grey`` (s, s) gives way, as
    tips are thin: it is cut off at the end that is the farther from the soma along the cable, as
    tips grow away from it. A ring on which no branch lies stays closed.
    """
    graph = rooted.graph
    if len(graph.edges) == 0:
        return rooted, 0
    rows, columns = graph.points[graph.edges].mean(axis=1)[:, 1:].astype(int).T
    length = graph.lengths()
    light = np.bincount(segment, weights=length * grey[rows, columns])
    light /= np.maximum(np.bincount(segment, weights=length), 1e-9)
    far = _from_soma(rooted)[graph.edges].max(axis=1)
    # Ranks, since a spanning tree knows neither ties nor costs of nothing.
    cost = np.empty(len(far))
    cost[np.lexsort([far, segment, -light[segment]])] = np.arange(1, len(far) + 1)
    tree = minimum_spanning_tree(graph.matrix(cost))
    kept = np.zeros(len(cost) + 1, dtype=bool)
    kept[tree.data.astype(int)] = True
    keep = kept[cost.astype(int)] | _ring(graph)
    opened = Graph(graph.points, graph.edges[keep], graph.radius)
    return Rooted(opened, rooted.root), int((~keep).sum())


def _ring(graph: Graph) -> np.ndarray:
    """Which edges (m,) are of a piece on which no line ends or branches off."""
    pieces, piece = _pieces(graph)
    other = np.bincount(piece, weights=graph.degree != 2, minlength=pieces) > 0
    return ~other[piece[graph.edges[:, 0]]]


def _from_soma(rooted: Rooted) -> np.ndarray:
    """The distance along lines from the soma, or, where a piece has none, from its widest point."""
    graph = rooted.graph
    pieces, piece = _pieces(graph)
    rank = np.lexsort([graph.radius, rooted.root])
    start = np.empty(pieces, dtype=np.int64)
    start[piece[rank]] = rank
    starts = np.unique(np.concatenate([start, np.flatnonzero(rooted.root)]))
    return dijkstra(graph.matrix(graph.lengths()), directed=False, indices=starts, min_only=True)

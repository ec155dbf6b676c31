"""The arbor of an image traced, and the tracing as trees in um."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import zoom
from scipy.sparse.csgraph import breadth_first_order, connected_components

from morphoflow.dendrites.arbors.graph import Arbor, arbor
from morphoflow.dendrites.arbors.skeleton import Skeleton, skeleton
from morphoflow.forest import Forest, single
from morphoflow.images.skeleton_graph import Graph

# Smaller images are enlarged to at least this side, so that the thinnest dendrites have a width,
# but not so many times that single pixels become beads.
SIDE, FACTOR = 256, 4

SOMA, DENDRITE = 1, 3


@dataclass(frozen=True)
class Traced:
    """What was found in an image of which ``grey`` (s, s) is a pose, ``factor`` times enlarged.

    The image is ``turns`` quarter turns back from it, and then ``flipped`` about its diagonal.
    """

    grey: np.ndarray
    skeleton: Skeleton
    arbor: Arbor
    factor: float
    turns: int
    flipped: bool

    def places(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 2) of the pose along y, x as points in pixels of the image."""
        y, x = points.T
        for _ in range(self.turns):
            y, x = x, len(self.grey) - y
        return np.stack([x, y] if self.flipped else [y, x], axis=1) / self.factor


def trace(image: np.ndarray) -> Traced:
    """Trace an ``image`` (s, s) uint8 in the one of its eight poses whose bytes come first."""
    poses = [
        (np.rot90(sheet, turns), turns, flipped)
        for flipped, sheet in enumerate((image, image.T))
        for turns in range(4)
    ]
    pose, turns, flipped = min(poses, key=lambda pose: pose[0].tobytes())
    fine = _enlarged(pose)
    thinned = skeleton(fine)
    graph = arbor(thinned, fine)
    return Traced(fine, thinned, graph, len(fine) / len(image), turns, bool(flipped))


def _enlarged(image: np.ndarray) -> np.ndarray:
    """The image as float32, enlarged by cubic splines as ``SIDE`` and ``FACTOR`` say."""
    factor = min(FACTOR, -(-SIDE // len(image)))
    grey = image.astype(np.float32)
    if factor == 1:
        return grey
    return np.clip(zoom(grey, factor, order=3, mode="reflect", grid_mode=True), 0, 255)


def tree(traced: Traced, identifier: str, pixel_um: float) -> Forest | None:
    """The tracing as a tree in um, y up, or None where there is none.

    The soma, or where none is seen the widest end of the longest piece, is the root at the origin.
    Pieces that do not reach it hang on it by bridges, which SWC files leave out.
    """
    found = traced.arbor
    if len(found.edges) == 0:
        return None
    graph = Graph(found.points, found.edges, found.radius)
    matrix = graph.adjacency
    number, piece = connected_components(matrix, directed=False)
    length = np.bincount(piece[found.edges[:, 0]], weights=found.length, minlength=number)
    # A ring has no end; its widest point will do.
    best = np.lexsort([-found.radius, found.degree != 1, ~found.root])
    _, first = np.unique(piece[best], return_index=True)
    starts = best[first][np.argsort(-length, kind="stable")]
    order, parent = [], np.full(len(piece), -1)
    for start in starts:
        reached, before = breadth_first_order(matrix, start, directed=False)
        parent[reached[1:]] = before[reached[1:]]
        order.append(reached)
    return _rooted(traced, identifier, pixel_um, np.concatenate(order), parent)


def _rooted(
    traced: Traced, identifier: str, pixel_um: float, order: np.ndarray, parent: np.ndarray
) -> Forest:
    """A tree of points in this ``order``, parents first, below the soma where there is one."""
    found, soma = traced.arbor, traced.skeleton.soma
    points, radius = found.points[order], found.radius[order]
    row = np.empty(len(parent), dtype=np.int64)
    row[order] = np.arange(len(order))
    up = np.where(parent[order] < 0, -1, row[parent[order]])
    loose = (up < 0) & ~found.root[order]
    kind = np.full(len(order), DENDRITE)
    if soma.any():
        points = np.concatenate([traced.skeleton.centre[None], points])
        radius = np.concatenate([[np.sqrt(soma.sum() / np.pi)], radius])
        up, kind = np.concatenate([[-1], up + 1]), np.concatenate([[SOMA], kind])
        loose = np.concatenate([[False], loose])
    else:
        up[1:] = np.maximum(up[1:], 0)
        loose[0] = False
    places = traced.places(points)
    xyz = np.zeros((len(places), 3))
    xyz[:, :2] = (places - places[0])[:, ::-1] * [pixel_um, -pixel_um]
    return single(identifier, xyz, up, radius / traced.factor * pixel_um, kind, loose)

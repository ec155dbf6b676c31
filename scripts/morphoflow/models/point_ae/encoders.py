"""Encoders of point clouds in whose features the order of the points does not count.

Each takes clouds (b, n, 3) that are centred and of unit size, and a graph of ``n_neighbours`` where
it has use for one, and gives features (b, n_features). ``in_axes`` says that they do not tell how a
cloud lies, so that the decoder gives it along its axes. No layer normalises over a batch.
"""

from itertools import pairwise

import numpy as np
import torch
from numba import njit
from scipy.spatial import cKDTree
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.errors import InputError

ROUNDS = 2

# Vectors, and as many matrices, that a round forms.
MOMENTS = 16


class PointNetEncoder(nn.Module):
    """The same layers for each point and the maximum over points, after Qi et al. (CVPR 2017).

    Without their networks that turn the input and their batch normalisation.
    """

    def __init__(self, settings: dict) -> None:
        super().__init__()
        widths = [3, *settings["widths"]]
        self.n_neighbours, self.n_features = 0, widths[-1]
        self.in_axes = False
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Features of clouds; the graph is not used."""
        for layer in self.layers:
            x = functional.elu(layer(x))
        return x.amax(1)


class DGCNNEncoder(nn.Module):
    """Convolutions over the edges to neighbours, after Wang et al. (ACM TOG 38:146, 2019).

    The graph is that of the points in space for all layers, so that it is made once for a cloud.
    All layers but the last of ``widths`` are convolutions; the last sees the values of all of them
    and is followed by the maximum over points.
    """

    def __init__(self, settings: dict) -> None:
        super().__init__()
        *widths, self.n_features = settings["widths"]
        self.n_neighbours = settings["neighbours"]
        self.in_axes = False
        self.layers = nn.ModuleList(EdgeConvolution(*pair) for pair in pairwise([3, *widths]))
        self.last = nn.Linear(sum(widths), self.n_features)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Features of clouds with their graphs (b, n, neighbours)."""
        levels = []
        for layer in self.layers:
            x = layer(x, graph)
            levels.append(x)
        return functional.elu(self.last(torch.cat(levels, 2))).amax(1)


class EdgeConvolution(nn.Module):
    """The largest, over the neighbours j of point i, of ``W x_i + V (x_j - x_i)``.

    ``V x_j`` is computed once a point and the maximum taken of that, which gives the same as the
    published maximum over edges for one layer an edge, at a k-th of the products for k neighbours.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.own, self.edge = nn.Linear(n_in, n_out), nn.Linear(n_in, n_out, bias=False)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Values (b, n, n_out) of points with values (b, n, n_in)."""
        edge = self.edge(x).float()
        return functional.elu(self.own(x) + neighbour_maximum(edge, graph) - edge)


# An encoder of point clouds that no rotation and no reflection changes.
#
# It looks at a cloud through scalars alone. In a first round a point has one, its distance from the
# centre. From functions of its scalars as weights, moments of the whole cloud are formed: vectors
# ``mean(w x)`` and matrices ``mean(w x x^T)``, which turn with it. The products ``x . v`` and
# ``x^T M x`` with them do not turn: they are the further scalars of each point in the next round.
# Unlike axes of inertia or a graph of neighbours, no step jumps when two values are nearly equal.


class InvariantEncoder(nn.Module):
    """Features (b, n_features) of clouds (b, n, 3), the same for all their turns and mirror images.

    The first of ``widths`` is that of the layers after which moments are formed, the others those
    of the layers before the maximum over points.
    """

    def __init__(self, settings: dict) -> None:
        super().__init__()
        first, *widths = settings["widths"]
        self.n_neighbours, self.n_features = 0, widths[-1]
        self.in_axes = True
        sizes = [1 + 2 * MOMENTS * k for k in range(ROUNDS + 1)]
        self.weights = nn.ModuleList(
            nn.Sequential(nn.Linear(size, first), nn.ELU(), nn.Linear(first, 2 * MOMENTS))
            for size in sizes[:-1]
        )
        self.layers = nn.ModuleList(
            nn.Linear(*pair) for pair in zip([sizes[-1], *widths], widths, strict=False)
        )

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Features of clouds; the graph is not used."""
        squares = (x[..., :, None] * x[..., None, :]).flatten(2)
        scalars = x.square().sum(2, keepdim=True).sqrt()
        for weights in self.weights:
            vectors, matrices = (weights(scalars).mT / x.shape[1]).chunk(2, 1)
            products = x @ (vectors @ x).mT, squares @ (matrices @ squares).mT
            scalars = torch.cat([scalars, *products], 2)
        for layer in self.layers:
            scalars = functional.elu(layer(scalars))
        return scalars.amax(1)


# The graph of nearest neighbours of a point cloud, and the largest value among neighbours.


def neighbours(x: Tensor, count: int) -> Tensor:
    """The ``count`` points nearest to each point of clouds (b, n, 3), without itself.

    Returns (b, n, count) indices, int16 where they fit since a data set keeps them all.
    """
    n = x.shape[1]
    if n <= count:
        raise InputError(
            f"the clouds have {n} points and `neighbours` is {count}; set it below {n}, or sample "
            "more points."
        )
    if torch.compiler.is_compiling():
        return torch.cdist(x, x).topk(count + 1, largest=False).indices[:, :, 1:]
    threads = torch.get_num_threads()
    kind = np.int16 if n <= np.iinfo(np.int16).max else np.int32
    graph = np.empty((len(x), n, count), dtype=kind)
    for place, cloud in zip(graph, x.cpu().numpy(), strict=True):
        place[:] = cKDTree(cloud).query(cloud, count + 1, workers=threads)[1][:, 1:]
    return torch.from_numpy(graph).to(x.device)


def neighbour_maximum(values: Tensor, graph: Tensor) -> Tensor:
    """The largest of the values (b, n, c) float32 among each point's neighbours (b, n, k)."""
    b, n, c = values.shape
    starts = n * torch.arange(b, device=graph.device)
    rows = (graph.long() + starts[:, None, None]).flatten(0, 1)
    if torch.compiler.is_compiling():
        # What is exported runs without the functions below.
        return values.reshape(-1, c)[rows].amax(1).view(b, n, c)
    return _Maximum.apply(values.reshape(-1, c), rows).view(b, n, c)


class _Maximum(torch.autograd.Function):
    """The maximum over gathered rows, that keeps one index a value instead of all k values.

    The gradient is summed by ``scatter_add_``, which torch replaces by a deterministic sort on a
    GPU when deterministic algorithms are asked for, and which is serial along the sum on a CPU.
    """

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: Tensor, rows: Tensor) -> Tensor:
        if values.device.type == "cpu":
            arrays = _largest(values.detach().numpy(), rows.numpy())
            largest, places = (torch.from_numpy(each) for each in arrays)
        else:
            largest, order = values[rows].max(1)
            places = rows.gather(1, order)
        ctx.save_for_backward(places)
        return largest

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple:
        (places,) = ctx.saved_tensors
        return torch.zeros_like(gradient).scatter_add_(0, places, gradient), None


@njit(cache=True)
def _largest(values: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest of the chosen rows (m, c) of ``values``, and the row that each value is from."""
    m, c = len(rows), values.shape[1]
    largest, places = np.empty((m, c), np.float32), np.empty((m, c), np.int64)
    for i in range(m):
        largest[i], places[i] = values[rows[i, 0]], rows[i, 0]
        for row in rows[i, 1:]:
            for j in range(c):
                if values[row, j] > largest[i, j]:
                    largest[i, j], places[i, j] = values[row, j], row
    return largest, places

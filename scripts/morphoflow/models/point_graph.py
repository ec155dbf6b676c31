"""The graph of nearest neighbours of a point cloud, and the largest value among neighbours."""

import numpy as np
import torch
from numba import njit
from scipy.spatial import cKDTree
from torch import Tensor

from morphoflow.errors import InputError


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
    return _Maximum.apply(values.reshape(-1, c), rows).view(b, n, c)


class _Maximum(torch.autograd.Function):
    """The maximum over gathered rows, that keeps one index a value instead of all k values.

    The gradient is summed by ``scatter_add_``, which torch replaces by a deterministic sort on a
    GPU when deterministic algorithms are asked for, and which is serial along the sum on a CPU.
    """

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: Tensor, rows: Tensor) -> Tensor:
        if values.device.type == "cpu":
            found = _largest(values.detach().numpy(), rows.numpy())
            largest, places = (torch.from_numpy(each) for each in found)
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

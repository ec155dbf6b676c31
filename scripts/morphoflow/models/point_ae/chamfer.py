"""The two-way Chamfer distance of point clouds, with a gradient through the nearest pairs alone.

Which points are nearest is found without a gradient: by k-d trees on the CPU, by chunks of the
matrix of distances on a GPU. Only those pairs are differentiated, so that no matrix is kept and a
backward pass costs one value a point. Its only sum over repeated indices is the backward pass of
``gather``, for which torch has a deterministic kernel (a sort) when deterministic algorithms are
asked for.
"""

from functools import cache
from itertools import product

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

# Values of the matrix of distances that are held at once.
CHUNK = 1 << 26

# Points of each cloud that are enough to tell its mirror images apart.
FEW = 128


def chamfer(a: Tensor, b: Tensor) -> Tensor:
    """Squared Chamfer distances (batch,) of clouds ``a`` (batch, n, 3) and ``b`` (batch, m, 3).

    The mean squared distance from the points of ``a`` to the nearest of ``b``, plus the mean from
    ``b`` to ``a`` (Fan et al., CVPR 2017). One way alone is 0 for a cloud that has collapsed to a
    single point of the other; the other way then pays for all that it leaves out.
    """
    from_a, from_b = squared_distances(a, b)
    return from_a.mean(1) + from_b.mean(1)


def mean_distance(from_a: Tensor, from_b: Tensor) -> Tensor:
    """The distance (batch,), averaged over both ways, from :func:`squared_distances`."""
    return (from_a.sqrt().mean(1) + from_b.sqrt().mean(1)) / 2


def squared_distances(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """From each point of ``a`` to the nearest of ``b`` (batch, n), and back (batch, m)."""
    a, b = a.float(), b.float()
    search = nearest_by_trees if a.device.type == "cpu" else nearest_by_chunks
    to_b, to_a = search(a.detach(), b.detach())
    return (a - taken(b, to_b)).square().sum(2), (b - taken(a, to_a)).square().sum(2)


def taken(points: Tensor, index: Tensor) -> Tensor:
    """The points (batch, k, 3) in places ``index`` (batch, k) of clouds (batch, n, 3)."""
    return points.gather(1, index[..., None].expand(-1, -1, 3))


def nearest_by_trees(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The index in ``b`` of the point nearest to each of ``a`` (batch, n), and the reverse."""
    # A decoder that diverges gives values that no tree takes; its loss stays not finite all the
    # same, and the training loop says so.
    clouds = zip(np.nan_to_num(a.numpy()), np.nan_to_num(b.numpy()), strict=True)
    pairs = [_nearest_of_two(*pair) for pair in clouds]
    return tuple(torch.from_numpy(np.stack(each)) for each in zip(*pairs, strict=True))


def _nearest_of_two(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    trees = [cKDTree(each, balanced_tree=False, compact_nodes=False) for each in (a, b)]
    threads = torch.get_num_threads()
    return trees[1].query(a, workers=threads)[1], trees[0].query(b, workers=threads)[1]


def nearest_by_chunks(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """As :func:`nearest_by_trees`, from the matrix of distances, some rows of it at a time."""
    rows = max(1, CHUNK // (len(a) * b.shape[1]))
    squares = b.square().sum(2)[:, None]
    to_b, best, to_a, start = [], None, None, 0
    for part in a.split(rows, 1):
        apart = torch.baddbmm(squares, part, b.mT, alpha=-2) + part.square().sum(2, keepdim=True)
        to_b.append(apart.argmin(2))
        least, place = apart.min(1)
        nearer = least < best if start else torch.ones_like(place, dtype=torch.bool)
        best = torch.where(nearer, least, best) if start else least
        to_a = torch.where(nearer, place + start, to_a) if start else place
        start += rows
    return torch.cat(to_b, 1), to_a


# The pose of a point cloud: its principal axes, and which way round each of them is.


def principal_axes(x: Tensor) -> Tensor:
    """The axes (b, 3, 3) of centred clouds (b, n, 3) as columns, the longest first.

    ``x @ axes`` has them along x, y and z, up to the sign of each.
    """
    x = x.double()
    return torch.linalg.eigh(x.mT @ x / x.shape[1]).eigenvectors.flip(2).float()


def best_signs(x: Tensor, decoded: Tensor) -> Tensor:
    """The signs (b, 3) with which ``x * signs`` (b, n, 3) lies nearest to ``decoded`` (b, m, 3).

    All eight are tried, mirror images too, by the Chamfer distance of some of the points.
    """
    signs = _all_signs(x.device)
    x, decoded = _some(x), _some(decoded.detach().float())
    tried = (x[:, None] * signs[:, None]).flatten(0, 1)
    wanted = decoded.repeat_interleave(len(signs), 0)
    to_wanted, to_tried = nearest_by_chunks(tried, wanted)
    apart = (tried - taken(wanted, to_wanted)).square().sum(2).mean(1)
    apart = apart + (wanted - taken(tried, to_tried)).square().sum(2).mean(1)
    return signs[apart.unflatten(0, (-1, len(signs))).argmin(1)]


@cache
def _all_signs(device: torch.device) -> Tensor:
    """The signs (8, 3) of three axes; kept, since the host waits while they are copied to a GPU."""
    return torch.tensor(list(product((1.0, -1.0), repeat=3)), device=device)


def _some(x: Tensor) -> Tensor:
    return x[:, :: max(1, x.shape[1] // FEW)]

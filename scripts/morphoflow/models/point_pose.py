"""The pose of a point cloud: its principal axes, and which way round each of them is."""

from itertools import product

import torch
from torch import Tensor

from morphoflow.models.chamfer import nearest_by_chunks, taken

# Points of each cloud that are enough to tell its mirror images apart.
FEW = 128


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
    signs = torch.tensor(list(product((1.0, -1.0), repeat=3)), device=x.device)
    x, decoded = _some(x), _some(decoded.detach().float())
    tried = (x[:, None] * signs[:, None]).flatten(0, 1)
    wanted = decoded.repeat_interleave(len(signs), 0)
    to_wanted, to_tried = nearest_by_chunks(tried, wanted)
    apart = (tried - taken(wanted, to_wanted)).square().sum(2).mean(1)
    apart = apart + (wanted - taken(tried, to_tried)).square().sum(2).mean(1)
    return signs[apart.unflatten(0, (-1, len(signs))).argmin(1)]


def _some(x: Tensor) -> Tensor:
    return x[:, :: max(1, x.shape[1] // FEW)]

"""What a decoder that ignores its latent would score: one cloud for all, or a sphere."""

import numpy as np
import torch
from torch import Tensor

from morphoflow.models.chamfer import mean_distance, squared_distances
from morphoflow.models.point_decoder import sphere
from morphoflow.models.point_network import mean_square
from morphoflow.models.point_pose import best_signs

# Training clouds among which the medoid is sought, evenly spaced.
CANDIDATES = 24


def relative_chamfer(decoded: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """How far clouds (b, m, 3) are from those wanted (b, n, 3).

    First the squared Chamfer distance (b,) as a share of the mean square of what is wanted, which
    counts small objects as much as large ones; second the mean distance (b,) in the unit of ``x``.
    """
    from_decoded, from_x = squared_distances(decoded, x)
    share = (from_decoded.mean(1) + from_x.mean(1)) / mean_square(x)
    return share, mean_distance(from_decoded.detach(), from_x.detach())


def posed(x: Tensor, decoded: Tensor, in_axes: bool) -> Tensor:
    """The clouds as they lie or, along their axes, the mirror images nearest to ``decoded``."""
    return x * best_signs(x, decoded)[:, None] if in_axes else x


def medoid(train: Tensor, in_axes: bool) -> Tensor:
    """The training cloud (n, 3) that is nearest to the others in the mean of relative Chamfer."""
    places = np.linspace(0, len(train) - 1, min(CANDIDATES, len(train))).astype(int)
    some = train[torch.from_numpy(places).to(train.device)]
    return some[int(torch.stack([constant_loss(each, some, in_axes) for each in some]).argmin())]


def constant_loss(cloud: Tensor, x: Tensor, in_axes: bool) -> Tensor:
    """The mean relative Chamfer distance of one cloud (m, 3) to clouds ``x`` (b, n, 3)."""
    same = cloud.expand(len(x), -1, -1)
    return relative_chamfer(same, posed(x, same, in_axes))[0].mean()


def sphere_loss(x: Tensor) -> Tensor:
    """The mean relative Chamfer distance of a sphere as large as each of clouds (b, n, 3)."""
    points = sphere(x.shape[1]).to(x.device) * mean_square(x).sqrt()[:, None, None]
    return relative_chamfer(points, x)[0].mean()

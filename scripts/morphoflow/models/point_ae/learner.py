"""The training of an autoencoder of point clouds: one optimisation step, validation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from morphoflow.models.point_ae.chamfer import best_signs, mean_distance, squared_distances
from morphoflow.models.point_ae.decoders import sphere
from morphoflow.models.point_ae.network import PointAutoencoder, mean_square
from morphoflow.models.shared.learner import OneNetworkLearner

BATCH = 64

# Training clouds among which the medoid is sought, evenly spaced.
CANDIDATES = 24


if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Clouds:
    """Clouds ``x`` (n, k, 3) on the device, their graphs, and ``nm`` (n,) per unit of ``x``."""

    x: Tensor
    graph: Tensor
    nm: Tensor

    def __len__(self) -> int:
        return len(self.x)


class PointAELearner(OneNetworkLearner[PointAutoencoder, Clouds]):
    """A network under training, see :class:`morphoflow.training.learner.Learner`.

    Where the encoder has ``in_axes``, the clouds must lie along their principal axes; they are then
    compared with the decoded ones in the mirror image that fits best.
    """

    def __init__(
        self,
        network: PointAutoencoder,
        train: Clouds,
        validation: Clouds,
        settings: dict,
        facts: dict,
    ) -> None:
        super().__init__(network, train, validation, settings, facts)
        self.in_axes = network.encoder.in_axes
        typical = medoid(train.x, self.in_axes)
        self.medoid_loss = float(constant_loss(typical, validation.x, self.in_axes))
        self.sphere_loss = float(sphere_loss(validation.x))

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on the training clouds ``indices`` (b,); nothing is drawn."""
        x, graph = self.train.x[indices], self.train.graph[indices]
        self.optimizer.zero_grad()
        with fabric.autocast():
            decoded = self.network.decode(self.network.encode(x, graph))
        loss = relative_chamfer(decoded, posed(x, decoded, self.in_axes))[0].mean()
        fabric.backward(loss)
        self.optimizer.step()
        return {"loss": loss.detach()}

    def validate(self) -> dict[str, float]:
        """Scores on the validation clouds.

        ``loss`` is the mean relative Chamfer distance, ``chamfer_nm`` the mean distance in nm. The
        others are quotients of the loss, below 1 for a decoder that is of use: ``over_medoid`` by
        that of the training medoid for all, ``over_sphere`` by that of a sphere of each object's
        size, ``over_permuted`` by that of clouds decoded from another object's latent.
        """
        latents = self._latents()
        loss, distances = self._scores(latents)
        permuted, _ = self._scores(latents.roll(1, 0))
        loss, permuted = float(loss.mean()), float(permuted.mean())
        return {
            "loss": loss,
            "chamfer_nm": float((distances * self.validation.nm).mean()),
            "over_medoid": loss / self.medoid_loss,
            "over_sphere": loss / self.sphere_loss,
            "over_permuted": loss / permuted,
        }

    def _latents(self) -> Tensor:
        parts = zip(self.validation.x.split(BATCH), self.validation.graph.split(BATCH), strict=True)
        return torch.cat([self.network.encode(x, graph) for x, graph in parts])

    def _scores(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        scores = []
        for x, z in zip(self.validation.x.split(BATCH), latents.split(BATCH), strict=True):
            decoded = self.network.decode(z)
            scores.append(relative_chamfer(decoded, posed(x, decoded, self.in_axes)))
        return tuple(torch.cat(each) for each in zip(*scores, strict=True))


# What a decoder that ignores its latent would score: one cloud for all, or a sphere.


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

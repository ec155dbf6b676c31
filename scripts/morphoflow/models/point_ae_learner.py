"""The training of an autoencoder of point clouds: one optimisation step, validation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.models.point_baselines import (
    constant_loss,
    medoid,
    posed,
    relative_chamfer,
    sphere_loss,
)
from morphoflow.models.point_network import PointAutoencoder

if TYPE_CHECKING:
    from lightning_fabric import Fabric

BATCH = 64


@dataclass(frozen=True)
class Clouds:
    """Clouds ``x`` (n, k, 3) on the device, their graphs, and ``nm`` (n,) per unit of ``x``."""

    x: Tensor
    graph: Tensor
    nm: Tensor


class PointAELearner:
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
        self.network, self.facts, self.in_axes = network, facts, network.encoder.in_axes
        self.train, self.validation = train, validation
        self.optimizer = torch.optim.Adam(network.parameters(), lr=settings["learning_rate"])
        self.modules, self.optimizers = {"network": network}, {"adam": self.optimizer}
        self.n_train, self.batch_size = len(train.x), settings["batch_size"]
        typical = medoid(train.x, self.in_axes)
        self.medoid_loss = float(constant_loss(typical, validation.x, self.in_axes))
        self.sphere_loss = float(sphere_loss(validation.x))

    def start_epoch(self, epoch: int) -> None:
        """Nothing changes with the epoch."""

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

    def state(self) -> dict[str, Tensor]:
        """The weights of the network."""
        return self.network.state_dict()

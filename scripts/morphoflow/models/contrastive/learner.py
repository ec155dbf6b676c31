"""The training of the contrastive model: one optimisation step, validation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from morphoflow.models.contrastive.augment import augmented
from morphoflow.models.contrastive.network import ContrastiveNetwork
from morphoflow.models.shared.contrast import nt_xent
from morphoflow.models.shared.learner import OneNetworkLearner, rise_and_fall
from morphoflow.models.shared.monitor import (
    alignment,
    effective_rank,
    spread,
    uniformity,
    vote,
)
from morphoflow.models.volume_vae.data import as_floats
from morphoflow.models.volume_vae.stream import Streamed, next_batch
from morphoflow.seeds import torch_generator

# Volumes that are encoded at a time without gradients.
BATCH = 64

# Validation objects that are compared with each other at a time.
CONTRAST = 1024

# Most training objects that vote on the classes of validation objects.
VOTERS = 4096

MOMENTUM = 0.9

# Learning rates of gradient descent are stated for this batch and grow with it.
REFERENCE_BATCH = 256


if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Split:
    """Volumes (n, 2, size, size, size) uint8, and classes (n,), -1 if unknown.

    Volumes are on the device or streamed to it.

    Classes are looked at by the monitor alone.
    """

    volumes: Tensor | Streamed
    classes: Tensor

    def __len__(self) -> int:
        return len(self.classes)


class ContrastiveLearner(OneNetworkLearner[ContrastiveNetwork, Split]):
    """A network under training, see :class:`morphoflow.training.learner.Learner`.

    With several processes a view is compared with those of its own process alone.
    """

    def __init__(
        self,
        network: ContrastiveNetwork,
        train: Split,
        validation: Split,
        settings: dict,
        facts: dict,
    ) -> None:
        optimizers = {settings["optimizer"]: make_optimizer(network, settings)}
        super().__init__(network, train, validation, settings, facts, optimizers)

    def start_epoch(self, epoch: int) -> None:
        """Set the learning rates, and prepare the batches that are streamed."""
        if isinstance(self.train.volumes, Streamed):
            self.train.volumes.start_epoch(epoch, self.batch_size)
        set_rates(self.optimizer, self.settings, epoch)

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on two views of the training volumes ``indices`` (b,).

        ``spread`` is that of the projections, see
        :func:`morphoflow.models.shared.monitor.spread`.
        """
        some = next_batch(self.train.volumes, indices, fabric)
        views = augmented(some.repeat(2, 1, 1, 1, 1), self.settings, generator)
        self.optimizer.zero_grad()
        with fabric.autocast():
            # Both views in one batch, so that the statistics of a last batch of one are defined.
            projected = self.network.projector(self.network.encode(views))
            loss = self.loss(projected)
        fabric.backward(loss)
        self.optimizer.step()
        return {"loss": loss.detach(), "spread": spread(projected.detach())}

    def loss(self, projected: Tensor) -> Tensor:
        """The loss () of projections (2 b, d), the first views before the second ones."""
        if self.network.predictor is None:
            return nt_xent(*projected.chunk(2), self.settings["temperature"])
        return simsiam(self.network.predictor(projected).chunk(2), projected.chunk(2))

    def validate(self) -> dict[str, float]:
        """The losses of two views of the validation objects, and the state of the embedding.

        ``loss`` is NT-Xent with either loss, because that of SimSiam is lowest after a collapse
        and cannot tell the best epoch; it is then given as ``simsiam``. ``spread``, ``alignment``
        and ``uniformity`` are of the projections, ``effective_rank`` and ``knn_accuracy`` of the
        embedding; the last is there if both splits have classes. Views are the same each time.
        """
        generator = torch_generator(0, "noise", device=self.validation.volumes.device)
        views = [self._encode(self.validation.volumes, generator) for _ in range(2)]
        x = self._encode(self.validation.volumes)
        projected = [self.network.projector(view) for view in views]
        metrics = {"loss": self._contrast(*projected)}
        if self.network.predictor is not None:
            metrics["simsiam"] = float(self.loss(torch.cat(projected)))
        metrics |= {
            "spread": float(spread(torch.cat(projected))),
            "alignment": alignment(*projected),
            "uniformity": uniformity(projected[0]),
            "effective_rank": effective_rank(x),
        }
        return metrics | self._accuracy(x)

    def _encode(
        self, volumes: Tensor | Streamed, generator: torch.Generator | None = None
    ) -> Tensor:
        """The features (n, d) of volumes as they are, or of random views of them."""
        parts = volumes.split(BATCH)
        changed = (
            as_floats(x) if generator is None else augmented(x, self.settings, generator)
            for x in parts
        )
        return torch.cat([self.network.encode(x) for x in changed])

    def _contrast(self, first: Tensor, second: Tensor) -> float:
        """NT-Xent of the validation objects, in parts of about equal size."""
        parts = -(-len(first) // CONTRAST)
        pairs = zip(first.tensor_split(parts), second.tensor_split(parts), strict=True)
        sums = [
            float(nt_xent(*pair, self.settings["temperature"])) * len(pair[0]) for pair in pairs
        ]
        return sum(sums) / len(first)

    def _accuracy(self, x: Tensor) -> dict[str, float]:
        """The share of validation objects whose class the nearest training objects vote for."""
        asked = self.validation.classes >= 0
        voters = (self.train.classes >= 0).nonzero()[:, 0]
        if len(voters) == 0 or not asked.any():
            return {}
        voters = voters[:: -(-len(voters) // VOTERS)]
        voted = vote(
            self._encode(self.train.volumes[voters]),
            self.train.classes[voters],
            x[asked],
            self.settings["neighbours"],
        )
        return {"knn_accuracy": float((voted == self.validation.classes[asked]).double().mean())}


# What is minimised so that two views of an object are alike, and other objects are not.


def simsiam(predicted: tuple[Tensor, Tensor], projected: tuple[Tensor, Tensor]) -> Tensor:
    """The symmetric negative cosine () of each view's prediction and the other view's projection.

    Chen and He, "Exploring simple Siamese representation learning", CVPR 2021; all are (b, d), and
    no gradient reaches the projections. It is -1 at best, which a collapse to one point reaches
    too: see :func:`morphoflow.models.shared.monitor.spread`.
    """
    crossed = zip(predicted, reversed(projected), strict=True)
    terms = [cosine_similarity(p.float(), z.detach().float(), dim=1).mean() for p, z in crossed]
    return -sum(terms) / 2


# The optimiser of the contrastive model, and its learning rates by epoch.


def make_optimizer(network: ContrastiveNetwork, settings: dict) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay, or gradient descent with momentum as in SimSiam.

    The predictor, where there is one, is a group of its own, the last.
    """
    groups = [{"params": [*network.encoder.parameters(), *network.projector.parameters()]}]
    if network.predictor is not None:
        groups.append({"params": list(network.predictor.parameters())})
    options = {"lr": base_rate(settings), "weight_decay": settings["weight_decay"]}
    if settings["optimizer"] == "sgd":
        return torch.optim.SGD(groups, momentum=MOMENTUM, **options)
    return torch.optim.AdamW(groups, **options)


def base_rate(settings: dict) -> float:
    """The largest learning rate of a training."""
    if settings["optimizer"] == "sgd":
        return settings["learning_rate"] * settings["batch_size"] / REFERENCE_BATCH
    return settings["learning_rate"]


def set_rates(optimizer: torch.optim.Optimizer, settings: dict, epoch: int) -> None:
    """Set the learning rates of an epoch (from 0).

    A linear rise over the first share ``warmup`` of the epochs, then half a cosine down. The
    predictor's does not fall, by which it keeps up with the projections (Chen and He, CVPR 2021).
    """
    base, (rise, fall) = base_rate(settings), rise_and_fall(epoch, settings)
    for k, group in enumerate(optimizer.param_groups):
        group["lr"] = base * rise * (fall if k == 0 else 1.0)

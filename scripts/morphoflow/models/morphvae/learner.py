"""The training of MorphVAE: one optimisation step, validation, learning rate."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from morphoflow.models.morphvae.network import MorphVAE
from morphoflow.models.morphvae.walks import Batch, WalkTable, make_batch, passes
from morphoflow.models.shared.learner import OneNetworkLearner
from morphoflow.training.start import load_start

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Split:
    """The walks of a split, and the class numbers (n,) of its neurons, negative where not seen."""

    walks: WalkTable
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def label_scale(self) -> float:
        """Neurons per seen label: makes a sum over labels a mean of the same scale in any split."""
        return len(self.labels) / max(int((self.labels >= 0).sum()), 1)


class MorphVAELearner(OneNetworkLearner[MorphVAE, Split]):
    """A network under training, see :class:`morphoflow.training.learner.Learner`."""

    def __init__(
        self, network: MorphVAE, train: Split, validation: Split, settings: dict, facts: dict
    ) -> None:
        super().__init__(network, train, validation, settings, facts)
        self.train_scale, self.validation_scale = train.label_scale, validation.label_scale

    def start_from(self, state: dict[str, Tensor]) -> None:
        """Take over the weights of another run, but for what depends on its classes."""
        load_start(self.network, state, but=("classifier.", "attention."))

    def start_epoch(self, epoch: int) -> None:
        """Set the learning rate, which is halved at each of the epochs ``halve_at``."""
        halvings = sum(epoch >= at for at in self.settings["halve_at"])
        self.optimizer.param_groups[0]["lr"] = self.settings["learning_rate"] * 0.5**halvings

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on the training neurons ``indices`` (b,)."""
        self.optimizer.zero_grad()
        sums = []
        for rows in self._parts(indices):
            batch = make_batch(self.train.walks, rows, self._scaling(len(rows), generator))
            with fabric.autocast():
                losses = self.losses(batch, self.train.labels[rows], self.train_scale, generator)
            fabric.backward(losses["loss"] / len(indices))
            sums.append({name: value.detach() for name, value in losses.items()})
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings["clip"])
        self.optimizer.step()
        return {name: sum(part[name] for part in sums) / len(indices) for name in sums[0]}

    def losses(
        self,
        batch: Batch,
        labels: Tensor,
        label_scale: float,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """The losses of a batch, each summed over its neurons, ``loss`` their weighted sum.

        Without a generator it is the deterministic pass: latents at their location, no dropout,
        and a decoder that is fed its own output alone.
        """
        network, settings = self.network, self.settings
        encoded = network.encode(batch, generator)
        location = network.latent.location(encoded)
        z = location if generator is None else network.latent.draw(encoded, generator)
        following, ends = network.decode(z, batch.steps, self._coins(batch, generator), generator)
        losses = {
            "reconstruction": reconstruction_loss(batch, following),
            "length": length_loss(batch, ends),
        }
        loss = losses["reconstruction"] + settings["length_weight"] * losses["length"]
        if settings["latent"] == "gaussian":
            losses["divergence"] = walk_mean(batch, network.latent.cost(encoded))
            loss = loss + settings["kl_weight"] * losses["divergence"]
        if settings["norm_weight"] > 0:
            losses["norm"] = walk_mean(batch, encoded[: network.latent.size].abs().sum(dim=0))
            loss = loss + settings["norm_weight"] * losses["norm"]
        if network.classifier is not None:
            logits = network.classify(network.pool(location, batch), generator)
            losses["class"] = class_loss(logits, labels) * label_scale
            loss = loss + settings["class_weight"] * losses["class"]
        return {"loss": loss, **losses}

    def validate(self) -> dict[str, float]:
        """The losses on the validation split, and the error of a coordinate in um."""
        walks, labels = self.validation.walks, self.validation.labels
        everything = torch.arange(len(labels), device=labels.device)
        sums = [
            self.losses(make_batch(walks, rows), labels[rows], self.validation_scale)
            for rows in passes(walks, everything)
        ]
        means = {name: float(sum(part[name] for part in sums)) / len(labels) for name in sums[0]}
        return {**means, "rmse_um": math.sqrt(means["reconstruction"]) * self.facts["scale_um"]}

    def _parts(self, indices: Tensor) -> list[Tensor]:
        # Several processes on GPUs average gradients in each backward pass, so all need one.
        return passes(self.train.walks, indices) if self.train.walks.packed else [indices]

    def _scaling(self, n: int, generator: torch.Generator) -> Tensor | None:
        """A random factor for each of ``n`` neurons, or None where there is no choice of one."""
        low, high = self.settings["scale_low"], self.settings["scale_high"]
        if low == high == 1:
            return None
        return low + (high - low) * torch.rand(n, generator=generator, device=generator.device)

    def _coins(self, batch: Batch, generator: torch.Generator | None) -> list[Tensor] | None:
        """For each node of each walk, whether the decoder is fed the true one (teacher forcing)."""
        if generator is None:
            return None
        uniform = torch.rand(batch.x.shape[1], generator=generator, device=generator.device)
        return list((uniform < self.settings["teacher_forcing"]).split(batch.counts))


# The losses of MorphVAE over the nodes that are real: a mean per neuron, alike in all splits.


def reconstruction_loss(batch: Batch, following: list[Tensor]) -> Tensor:
    """Each neuron's mean squared error over all real coordinates, summed over the neurons, ().

    The first node is left out, since the decoder is given it.
    """
    share = _share(batch, batch.length - 1)
    total = batch.weight.new_zeros(())
    for step, node in enumerate(batch.steps[1:], start=1):
        n = batch.counts[step]
        squared = ((following[step - 1][:, :n] - node) ** 2).mean(dim=0)
        total = total + (squared * share[:n] * batch.active(step)).sum()
    return total


def length_loss(batch: Batch, ends: list[Tensor]) -> Tensor:
    """Each neuron's mean cross entropy of the decision to end, summed over the neurons, ().

    A decision is made at each node but that of the last step: there, a walk may have been cut off.
    """
    share = _share(batch, batch.length.clamp(max=len(ends)))
    total = batch.weight.new_zeros(())
    for step, logit in enumerate(ends):
        n = batch.counts[step]
        is_end = (batch.length[:n] == step + 1).float()
        entropy = binary_cross_entropy_with_logits(logit, is_end, reduction="none")
        total = total + (entropy * share[:n] * batch.active(step)).sum()
    return total


def class_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross entropy of the labels (b,), summed over the neurons whose label is not negative."""
    return cross_entropy(logits.float(), labels, ignore_index=-1, reduction="sum")


def walk_mean(batch: Batch, values: Tensor) -> Tensor:
    """Each neuron's mean of ``values`` (w,) over its walks, summed over the neurons, ()."""
    return (values * _share(batch, torch.ones_like(batch.length))).sum()


def _share(batch: Batch, terms: Tensor) -> Tensor:
    """The weight of each term of a walk in its neuron's mean, where it has ``terms`` (w,)."""
    whole = batch.neuron_sum(batch.weight * terms).clamp(min=1)
    return batch.weight / whole[batch.neuron]

"""The training of an autoencoder of volumes: one optimisation step, validation, baselines."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.models.o2vae.network import Posterior
from morphoflow.models.shared.learner import OneNetworkLearner, mean_scores
from morphoflow.models.volume_vae.data import as_floats, randomly_turned
from morphoflow.models.volume_vae.losses import (
    bounded_logit,
    floored_divergence,
    mask_scores,
    mean_logits,
    reconstruction_loss,
)
from morphoflow.models.volume_vae.network import VolumeVAE
from morphoflow.models.volume_vae.stream import Streamed, next_batch
from morphoflow.seeds import torch_generator

if TYPE_CHECKING:
    from lightning_fabric import Fabric

BATCH = 16
# A latent is in use if its mean varies more over objects (Burda et al., ICLR 2016).
ACTIVE_VARIANCE = 0.01


def needed_channels(settings: dict) -> list[str]:
    """The channels of the network, and the mask, which the loss needs, last if it is none."""
    return list(dict.fromkeys([*settings["channels"], "mask"]))


def inputs_and_mask(volumes: Tensor, settings: dict) -> tuple[Tensor, Tensor]:
    """The network's input and the mask, from 0 to 1, of bytes with the needed channels."""
    floats = as_floats(volumes)
    mask = floats[:, needed_channels(settings).index("mask")]
    return floats[:, : len(settings["channels"])], mask


class VolumeVAELearner(OneNetworkLearner[VolumeVAE, Tensor | Streamed]):
    """A network under training, see :class:`morphoflow.training.learner.Learner`.

    ``train`` and ``validation`` are uint8 (n, c, size, size, size), on the device or streamed to
    it, with the channels of :func:`needed_channels`. ``baselines`` are the losses of an empty
    volume and of the mean one on the validation volumes: a network that scores no less has learned
    nothing.
    """

    def __init__(
        self,
        network: VolumeVAE,
        train: Tensor | Streamed,
        validation: Tensor | Streamed,
        settings: dict,
        facts: dict,
    ) -> None:
        super().__init__(network, train, validation, settings, facts)
        mean = mean_logits(self._batches(self.train), settings)
        network.typical.copy_(mean)
        self.baselines = self._baselines(mean)

    def start_epoch(self, epoch: int) -> None:
        """Prepare the batches that are streamed."""
        if isinstance(self.train, Streamed):
            self.train.start_epoch(epoch, self.batch_size)

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on the training volumes ``indices`` (b,)."""
        volumes = next_batch(self.train, indices, fabric)
        volumes = randomly_turned(volumes, self.settings["augment"], generator)
        x, mask = inputs_and_mask(volumes, self.settings)
        self.optimizer.zero_grad()
        with fabric.autocast():
            posterior = self.network.encode(x)
            logits = self.network.decode(posterior.draw(generator))
        losses = self.losses(posterior, logits, x, mask)
        fabric.backward(losses["loss"])
        self.optimizer.step()
        return {name: value.detach() for name, value in losses.items()}

    def losses(
        self, posterior: Posterior, logits: Tensor, x: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Mean losses in nats a volume; both terms are sums, over voxels and over latents.

        ``loss`` counts each latent's divergence with its free bits, ``divergence`` without.
        """
        mean, log_variance = posterior.mean, posterior.log_variance
        reconstruction = reconstruction_loss(logits, x, mask, self.settings).mean()
        floored = floored_divergence(mean, log_variance, self.settings["free_bits"]).mean()
        return {
            "loss": reconstruction + self.settings["beta"] * floored,
            "reconstruction": reconstruction,
            "divergence": self.network.prior.divergence(mean, log_variance, mean).mean(),
        }

    def validate(self) -> dict[str, float]:
        """The losses on the validation volumes, with the same draws each time, and what they mean.

        ``reconstruction_swapped`` is that of each volume by the latent of another one: where it is
        no larger than ``reconstruction`` the latent says nothing. ``active_latents`` are those
        whose mean varies over the volumes. See also ``baselines`` and :func:`mask_scores`.
        """
        generator = torch_generator(0, "noise", device=self.validation.device)
        parts, means = [], []
        for x, mask in self._batches(self.validation):
            posterior = self.network.encode(x)
            z = posterior.draw(generator)
            logits = self.network.decode(z)
            values = self.losses(posterior, logits, x, mask)
            swapped = self.network.decode(z.roll(1, 0))
            values["reconstruction_swapped"] = reconstruction_loss(
                swapped, x, mask, self.settings
            ).mean()
            values |= mask_scores(logits, x, mask, self.settings)
            parts.append((values, len(x)))
            means.append(posterior.mean)
        varies = torch.cat(means).var(0, correction=0) > ACTIVE_VARIANCE
        return mean_scores(parts) | {"active_latents": float(varies.sum())} | self.baselines

    def _batches(self, volumes: Tensor | Streamed) -> Iterator[tuple[Tensor, Tensor]]:
        for part in volumes.split(BATCH):
            yield inputs_and_mask(part, self.settings)

    def _baselines(self, mean: Tensor) -> dict[str, float]:
        trivial = {
            "loss_zero_image": bounded_logit(torch.zeros_like(mean)),
            "loss_mean_image": mean,
        }
        sums = dict.fromkeys(trivial, 0.0)
        for x, mask in self._batches(self.validation):
            for name, logits in trivial.items():
                losses = reconstruction_loss(logits.expand_as(x), x, mask, self.settings)
                sums[name] += float(losses.sum())
        return {name: value / len(self.validation) for name, value in sums.items()}

"""The training of an autoencoder of images: one optimisation step, validation."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from morphoflow.cells.registration.brute import disc, register_brute
from morphoflow.cells.registration.register import Registration, register
from morphoflow.images.rotate import transform
from morphoflow.images.warp import warped
from morphoflow.models.o2vae.network import CellVAE, Posterior
from morphoflow.models.shared.contrast import nt_xent
from morphoflow.models.shared.learner import OneNetworkLearner, mean_scores
from morphoflow.seeds import torch_generator

BATCH = 256
# Half a grey level, by which the mean image stays off 0 and 1, where cross entropy is infinite.
LEAST = 0.5 / 255


if TYPE_CHECKING:
    from lightning_fabric import Fabric


class CellVAELearner(OneNetworkLearner[CellVAE, Tensor]):
    """A network under training, see :class:`morphoflow.training.learner.Learner`.

    ``train`` and ``validation`` are images (n, c, h, w) on the device, from 0 to 1. ``of_mean`` is
    the reconstruction loss of the mean training image on the validation images: a network that
    scores no less has learned nothing.
    """

    def __init__(
        self, network: CellVAE, train: Tensor, validation: Tensor, settings: dict, facts: dict
    ) -> None:
        super().__init__(network, train, validation, settings, facts)
        self.seen = disc(train.shape[-1], train.device) if settings["mask"] == "disc" else None
        mean = train.mean(0, keepdim=True).clamp(LEAST, 1 - LEAST).logit()
        self.of_mean = self._loss_of(mean)

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on the training images ``indices`` (b,)."""
        x = self.train[indices]
        if self.settings["augment"] == "rotations":
            x = randomly_turned(x, generator)
        self.optimizer.zero_grad()
        with fabric.autocast():
            losses = self.losses(x, generator)
        fabric.backward(losses["loss"])
        self.optimizer.step()
        return {name: value.detach() for name, value in losses.items()}

    def losses(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The mean losses of images (b, c, h, w).

        ``loss`` is the negative evidence bound; with a ``contrast_weight`` there is added, as many
        times for each value of an image, ``contrast``: NT-Xent of the images and of a warped copy
        of each.
        """
        contrasted = self.network.projector is not None
        copies = [warped(x, self.settings["warp_strength"], generator)] if contrasted else []
        posterior = self.network.encode(torch.cat([x, *copies]))
        terms = self._bound(x, posterior.first(len(x)), generator)
        if contrasted:
            projected = self.network.projector(posterior.mean).chunk(2)
            terms["contrast"] = nt_xent(*projected, self.settings["temperature"])
            weight = self.settings["contrast_weight"] * x[0].numel()
            terms["loss"] = terms["loss"] + weight * terms["contrast"]
        return terms

    def _bound(
        self, x: Tensor, posterior: Posterior, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The negative evidence bound of images, as ``loss``, and its parts."""
        z = posterior.draw(generator)
        logits = self.network.decode(z)
        wanted = target(x, logits, self.settings)
        reconstruction = pixel_loss(logits, wanted, self.settings["loss"], self.seen).mean()
        divergence = self.network.prior.divergence(posterior.mean, posterior.log_variance, z)
        loss = reconstruction + self.settings["beta"] * divergence.mean()
        return {"loss": loss, "reconstruction": reconstruction, "divergence": divergence.mean()}

    def validate(self) -> dict[str, float]:
        """The losses on the validation images, with the same draws each time."""
        generator = torch_generator(0, "noise", device=self.validation.device)
        parts = self.validation.split(BATCH)
        scores = mean_scores((self.losses(x, generator), len(x)) for x in parts)
        return scores | {"loss_mean_image": self.of_mean}

    def _loss_of(self, logits: Tensor) -> float:
        """The mean reconstruction loss of one image (1, c, h, w) for all validation images."""
        total = 0.0
        for x in self.validation.split(BATCH):
            one = logits.expand_as(x)
            wanted = target(x, one, self.settings)
            total += float(pixel_loss(one, wanted, self.settings["loss"], self.seen).sum())
        return total / len(self.validation)


def randomly_turned(x: Tensor, generator: torch.Generator) -> Tensor:
    """The images, each turned by a random angle and flipped or not."""
    draws = torch.rand(2, len(x), generator=generator, device=x.device)
    return transform(x, 360 * draws[0], draws[1] < 0.5).clamp(0, 1)


# How far a decoded image is from the image it was made of, turned and flipped to fit.


def target(x: Tensor, logits: Tensor, settings: dict) -> Tensor:
    """The images ``x`` (b, c, h, w), turned and flipped as they fit the decoded ones best.

    The image is moved and not what was decoded, so that the gradient needs no interpolation. The
    setting ``align`` says how its motion is found, or "none" for leaving it as it is.
    """
    if settings["align"] == "none":
        return x
    motion = pose(x, torch.sigmoid(logits.detach()), settings)
    return transform(x, motion.angle, motion.flip).clamp(0, 1)


def pose(x: Tensor, decoded: Tensor, settings: dict) -> Registration:
    """The motions that bring images ``x`` (b, c, h, w) nearest to the ``decoded`` ones."""
    if settings["align"] == "fourier":
        return register(x, decoded)
    return register_brute(x, decoded, step_degrees=settings["step_degrees"])


def pixel_loss(logits: Tensor, wanted: Tensor, kind: str, seen: Tensor | None) -> Tensor:
    """Cross entropy ("bce") or squared error ("mse"), summed over the pixels of an image: (b,).

    The cross entropy is that above the image's own, so that both are 0 for the image itself,
    however grey it is. ``seen`` (h, w) tells the pixels that count; all do if it is None.
    """
    if kind == "bce":
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        share = wanted.clamp(0, 1)
        each = each - torch.special.entr(share) - torch.special.entr(1 - share)
    else:
        each = (torch.sigmoid(logits) - wanted).square()
    return (each if seen is None else each * seen).flatten(1).sum(1)

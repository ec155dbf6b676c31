"""Images of a rectified flow from latents: noise, and a number by which a class is drawn."""

from collections.abc import Iterator
from itertools import accumulate

import torch
from torch import Tensor

from morphoflow.models.flow.network import UNet
from morphoflow.models.flow.path import Predict, followed


def latent_size(size: int, classes: dict[str, float]) -> int:
    """Random numbers that an image of ``size`` pixels is made from."""
    return size**2 + bool(classes)


def points(
    network: UNet, z: Tensor, facts: dict, settings: dict, early: UNet | None = None
) -> Iterator[Tensor]:
    """The points (b, 1, s, s) on the way from latents (b, latent_size) to images, step by step.

    ``settings`` are the number of ``steps``, the ``guidance`` towards a class (classifier-free, Ho
    and Salimans, 2022), and the ``autoguidance`` away from ``early``, the same network after less
    training (Karras et al., "Guiding a diffusion model with a bad version of itself", NeurIPS
    2024): where the two differ, the one errs as the other does, only less.

    Of a model that knows classes the last number of a latent is that of the class: the quantile
    where it lies, among classes laid end to end with their shares of the training images.
    """
    classes = None
    if facts["classes"]:
        classes = chosen(drawn_numbers(z[:, -1], facts["classes"]), len(facts["classes"]))
    predict = of_classes(network, classes)
    if classes is not None:
        predict = away(predict, of_classes(network, None), settings["guidance"])
    if early is not None:
        predict = away(predict, of_classes(early, classes), settings["autoguidance"])
    return followed(predict, noise_in(z, facts), settings["steps"])


def noise_in(z: Tensor, facts: dict) -> Tensor:
    """The noise (b, 1, s, s) in latents (b, latent_size)."""
    size = facts["size"]
    return z[:, : size**2].unflatten(1, (1, size, size))


def of_classes(network: UNet, classes: Tensor | None) -> Predict:
    """Predictions of images of ``classes`` (b, n_classes), or of any class."""
    return lambda z, time: network(z, time, classes)


def away(better: Predict, worse: Predict, weight: float) -> Predict:
    """Predictions of ``better`` moved away from those of ``worse``, on the line through both.

    A ``weight`` of 0 gives those of ``worse``, 1 those of ``better`` alone, at half the time.
    """
    if weight == 1:
        return better
    return lambda z, time: torch.lerp(worse(z, time), better(z, time), weight)


def drawn_numbers(draws: Tensor, classes: dict[str, float]) -> Tensor:
    """The numbers (b,) of the classes of normal draws (b,).

    ``classes`` are the shares of all by name, whose sum is 1.
    """
    *ends, _ = accumulate(classes.values())
    return torch.bucketize(torch.special.ndtr(draws), torch.tensor(ends).to(draws.device))


def chosen(numbers: Tensor, n_classes: int) -> Tensor:
    """Class ``numbers`` (b,) as (b, n_classes), 1 at the class; 0 throughout where it is -1."""
    return (numbers[:, None] == torch.arange(n_classes, device=numbers.device)).float()

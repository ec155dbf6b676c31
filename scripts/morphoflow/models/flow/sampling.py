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


def points(network: UNet, z: Tensor, facts: dict, settings: dict) -> Iterator[Tensor]:
    """The points (b, 1, s, s) on the way from latents (b, latent_size) to images, step by step.

    Of a model that knows classes the last number of a latent is that of the class: the quantile
    where it lies, among classes laid end to end with their shares of the training images.
    """
    noise = noise_in(z, facts)
    if not facts["classes"]:
        return followed(network, noise, settings["steps"])
    classes = drawn_classes(z[:, -1], facts["classes"])
    return followed(guided(network, classes, settings["guidance"]), noise, settings["steps"])


def noise_in(z: Tensor, facts: dict) -> Tensor:
    """The noise (b, 1, s, s) in latents (b, latent_size)."""
    size = facts["size"]
    return z[:, : size**2].unflatten(1, (1, size, size))


def guided(network: UNet, classes: Tensor, guidance: float) -> Predict:
    """Predictions for ``classes`` (b, n_classes) moved away from those for any class.

    Classifier-free guidance (Ho and Salimans, 2022): 0 leaves the class out of account, 1 is the
    network as it was trained, and more makes a class more like itself and less varied.
    """

    def predict(z: Tensor, time: Tensor) -> Tensor:
        of_class = network(z, time, classes)
        if guidance == 1:
            return of_class
        return torch.lerp(network(z, time), of_class, guidance)

    return predict


def drawn_classes(draws: Tensor, classes: dict[str, float]) -> Tensor:
    """The class (b, n_classes), 1 for one and 0 for others, of normal draws (b,).

    ``classes`` are the shares of all by name, whose sum is 1.
    """
    *ends, _ = accumulate(classes.values())
    numbers = torch.bucketize(torch.special.ndtr(draws), torch.tensor(ends).to(draws.device))
    return chosen(numbers, len(classes))


def chosen(numbers: Tensor, n_classes: int) -> Tensor:
    """Class ``numbers`` (b,) as (b, n_classes), 1 at the class; 0 throughout where it is -1."""
    return (numbers[:, None] == torch.arange(n_classes, device=numbers.device)).float()

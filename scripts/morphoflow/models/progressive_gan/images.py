"""The images of a progressive GAN: bytes on the device at every size, numbers where they count."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from morphoflow.errors import InputError
from morphoflow.models.progressive_gan.sizes import sizes_to
from morphoflow.models.shared.generating import part
from morphoflow.store import Samples


@dataclass(frozen=True)
class Images:
    """What is learned from and judged by, uint8 on the device.

    ``train`` holds the training images (n, 1, s, s) at each stage of growth, coarse to fine;
    ``validation`` (m, 1, size, size) the others at the finest.
    """

    train: list[Tensor]
    validation: Tensor

    @property
    def size(self) -> int:
        """Pixels along an edge of an image at the finest stage."""
        return self.validation.shape[-1]


def read_images(
    samples: Samples, train: np.ndarray, validation: np.ndarray, device: torch.device
) -> Images:
    """The images in the rows ``train`` at all sizes, and those in ``validation``."""
    arrays = [samples.levels[size] for size in sizes(samples)[:-1]] + [samples.x]
    on_device = [torch.from_numpy(array.oindex[train]).to(device) for array in arrays]
    return Images(on_device, torch.from_numpy(samples.x.oindex[validation]).to(device))


def sizes(samples: Samples) -> list[int]:
    """The sizes that images grow through, from the first to that of the samples.

    Raises InputError where the samples cannot be grown to.
    """
    _, channels, height, width = samples.x.shape
    if channels != 1 or height != width:
        raise InputError(
            f"the samples are {channels} x {height} x {width} pixels; cut grey squares."
        )
    return sizes_to(width)


# The weights of networks in the saved state of a progressive GAN.


def stages(state: dict[str, Tensor]) -> int:
    """How many stages of growth the networks of a saved model have."""
    return len({name.split(".")[0] for name in part(state, "generator.to_image")})


def take_over(network: nn.Module, state: dict[str, Tensor], name: str) -> None:
    """Give ``network`` the weights of the network ``name`` of another run.

    Weights of stages that the other has not are kept. Raises InputError where shapes differ.
    """
    own, other = network.state_dict(), part(state, name)
    if not all(key in own and own[key].shape == value.shape for key, value in other.items()):
        raise InputError(
            f"the weights in `start_from` do not fit the {name}; they must come from images of the "
            "same size or smaller, with equal `latent_size`, `faithful` and `widths` up to there."
        )
    network.load_state_dict({**own, **other})

"""What models that make images have in common: grey values, latents, an average, a time-lapse."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.seeds import torch_generator

# Images of the time-lapse, and the largest size that they are kept at.
WATCHED, THUMBNAIL = 16, 128


def as_numbers(images: Tensor) -> Tensor:
    """Bytes as float32, black at -1 and white at 1."""
    return images.float() / 127.5 - 1


def as_bytes(images: Tensor) -> Tensor:
    """Numbers from -1 to 1 as bytes."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def brought_to(images: Tensor, size: int) -> Tensor:
    """Images (b, c, s, s) at another size: means of blocks, or each pixel repeated."""
    if images.shape[-1] > size:
        return functional.avg_pool2d(images, images.shape[-1] // size)
    return functional.interpolate(images, size=(size, size), mode="nearest")


def latents(number: int, size: int, seed: int, device: torch.device) -> Tensor:
    """Latents (number, size) from the normal distribution, the same on every device."""
    return torch.randn(number, size, generator=torch_generator(seed, "sampling")).to(device)


# The moving average of a network's weights, which wanders less than the network itself.


class Average(nn.Module):
    """A copy of ``network`` whose weights follow it, with a half-life counted in images.

    The half-life (0: no average, the weights themselves) grows with the images shown so far, up to
    ``half_life``, so that the first weights do not linger (Karras et al., StyleGAN2, CVPR 2020).
    All is in the module's state, so that a checkpoint holds it.
    """

    def __init__(self, network: nn.Module, half_life: float, rampup: float = 0.05) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.half_life, self.rampup = half_life, rampup

    @torch.no_grad()
    def update(self, network: nn.Module, images: int, shown: int) -> None:
        """Follow ``network`` over ``images`` images, after ``shown`` others."""
        half_life = min(self.half_life, self.rampup * (shown + images))
        kept = 0.5 ** (images / half_life) if half_life else 0.0
        own, others = list(self.network.parameters()), list(network.parameters())
        torch._foreach_lerp_(own, others, 1 - kept)

    @torch.no_grad()
    def restart(self, network: nn.Module) -> None:
        """Take over the weights of ``network``."""
        self.network.load_state_dict(network.state_dict())


class Progress(nn.Module):
    """How far a training has come, kept on the host, where reading it waits for no device.

    ``steps_done`` counts the steps. Images of fixed latents are kept at the end of up to ``frames``
    of the epochs, evenly spread: ``frame`` (frames, 16, s, s) uint8 with the ``step`` of each, 0
    for those to come.
    """

    def __init__(self, frames: int, size: int) -> None:
        super().__init__()
        edge = min(size, THUMBNAIL)
        self.register_buffer("steps_done", torch.zeros((), dtype=torch.int64))
        self.register_buffer("frame", torch.zeros(frames, WATCHED, edge, edge, dtype=torch.uint8))
        self.register_buffer("step", torch.zeros(frames, dtype=torch.int64))

    def due(self, epoch: int, epochs: int) -> bool:
        """Whether a frame belongs to the end of ``epoch`` (from 1)."""
        return self._frames_until(epoch, epochs) > self._frames_until(epoch - 1, epochs)

    def keep(self, images: Tensor, epoch: int, epochs: int) -> None:
        """Keep the images (16, 1, s, s) of the end of an epoch."""
        place = self._frames_until(epoch, epochs) - 1
        thumbnails = as_bytes(brought_to(images, self.frame.shape[-1]))
        self.frame[place] = thumbnails[:, 0].cpu()
        self.step[place] = self.steps_done

    def state(self) -> dict[str, Tensor]:
        """The frames so far and their steps."""
        kept = int((self.step > 0).sum())
        return {"timelapse": self.frame[:kept], "timelapse_step": self.step[:kept]}

    def _frames_until(self, epoch: int, epochs: int) -> int:
        return epoch * len(self.step) // max(epochs, 1)


def kept_frames(model: Model) -> tuple[Tensor, Tensor]:
    """The images (frames, 16, s, s) uint8 that a saved model kept, and the step of each (frames,).

    Raises InputError where it has none.
    """
    names = ("timelapse", "timelapse_step")
    if not all(name in model.state and len(model.state[name]) for name in names):
        raise InputError(
            f"the model '{model.name}' holds no images from its training; take a variant that "
            "keeps them (`timelapse_frames`), and train it for an epoch at least."
        )
    images, step = (model.state[name] for name in names)
    return images, step


# The weights of networks in a saved state that holds more than one network's.


def joined(networks: dict[str, nn.Module]) -> dict[str, Tensor]:
    """The tensors of networks under one name each, of which :func:`part` takes one network's."""
    return {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


def part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors of a saved model that belong to the network ``name``."""
    prefix = f"{name}."
    return {
        key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)
    }

"""What is kept and measured of a progressive GAN while it trains: a time-lapse, and distances."""

import torch
from torch import Tensor, nn

from morphoflow.dendrites.realism.wasserstein import sliced_wasserstein
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator
from morphoflow.models.progressive_gan.images import Images, as_bytes, as_numbers, brought_to
from morphoflow.seeds import torch_generator

# Images of the time-lapse, and the largest size that they are kept at.
WATCHED, THUMBNAIL = 16, 128
# Generated images that a validation compares, and the most that it compares them with.
SCORED, MOST_SCORED = 32, 256
BATCH = 8


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


def latents(number: int, size: int, seed: int, device: torch.device) -> Tensor:
    """Latents (number, size) from the normal distribution, the same on every device."""
    return torch.randn(number, size, generator=torch_generator(seed, "sampling")).to(device)


def watched(
    network: Generator, stage: int, alpha: Tensor | None, facts: dict, device: torch.device
) -> Tensor:
    """The images (SCORED, 1, s, s) of the same latents each time."""
    z = latents(SCORED, facts["latent_size"], 0, device)
    return torch.cat([network(few, stage, alpha) for few in z.split(BATCH)])


def distances(generated: Tensor, images: Images) -> dict[str, float]:
    """How far generated images (SCORED, 1, s, s) are from the validation images.

    Sliced Wasserstein distances at the finest size, to which smaller images are brought, so that
    what they lack counts: ``swd_<size>`` at each level of the pyramid, and as ``loss`` their mean.
    """
    fake = as_bytes(brought_to(generated, images.size))
    by_size = sliced_wasserstein(images.validation[:MOST_SCORED], fake, seed=0)
    levels = {f"swd_{size}": value for size, value in by_size.items()}
    return {"loss": sum(levels.values()) / len(levels), **levels}


def overfit(
    critic: Critic, generated: Tensor, images: Images, stage: int, alpha: Tensor | None
) -> float:
    """Where the critic puts validation images: 0 among the training images, 1 at the generated.

    Above 1, the critic knows its training images by heart (the heuristic r_v of Karras et al.,
    NeurIPS 2020).
    """
    size = images.train[stage].shape[-1]
    sets = [images.train[stage], brought_to(images.validation.float(), size)]
    seen = [as_numbers(each[:SCORED]) for each in sets] + [generated]
    train, validation, fake = (
        float(torch.cat([critic(x, stage, alpha) for x in each.split(BATCH)]).mean())
        for each in seen
    )
    apart = train - fake
    return (train - validation) / apart if apart else 0.0

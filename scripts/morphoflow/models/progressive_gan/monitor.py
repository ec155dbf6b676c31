"""What is measured of a progressive GAN while it trains."""

import torch
from torch import Tensor

from morphoflow.dendrites.realism.wasserstein import sliced_wasserstein
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator
from morphoflow.models.progressive_gan.images import Images
from morphoflow.models.shared.generating import as_bytes, as_numbers, brought_to, latents

# Generated images that a validation compares, and the most that it compares them with.
SCORED, MOST_SCORED = 32, 256
BATCH = 8


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

"""What critic and generator are trained to lower, from scores (b,) and images (b, 1, s, s).

The Wasserstein loss is held in place by a penalty on the critic's slope between real and generated
images (Gulrajani et al., NeurIPS 2017) and on the drift of its scores (Karras et al., ICLR 2018).
The relativistic loss compares each generated image with a real one, and is held in place by
penalties on the slope at both (Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

Scores = Callable[[Tensor], Tensor]


def slopes(scores: Tensor, images: Tensor) -> Tensor:
    """The squared norms (b,) of the gradients of the scores by their images, differentiable."""
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.float().square().sum((1, 2, 3))


def wasserstein_critic(
    scores: Scores, real: Tensor, fake: Tensor, between: Tensor, settings: dict
) -> dict[str, Tensor]:
    """The critic's loss, its ``penalty`` and the ``gap`` between real and generated images.

    ``between`` (b,) from 0 to 1 is where between ``fake`` and ``real`` the slope shall be 1.
    """
    of_real, of_fake = scores(real), scores(fake)
    mixed = torch.lerp(fake, real, between[:, None, None, None]).requires_grad_()
    # A root of 0 has no gradient.
    norm = (slopes(scores(mixed), mixed) + 1e-12).sqrt()
    penalty = settings["penalty_weight"] * (norm - 1).square().mean()
    gap = (of_real - of_fake).mean()
    drift = settings["drift_weight"] * of_real.square().mean()
    return {"loss": penalty + drift - gap, "penalty": penalty, "gap": gap}


def wasserstein_generator(of_fake: Tensor) -> Tensor:
    """The generator's loss."""
    return -of_fake.mean()


def relativistic_critic(
    scores: Scores, real: Tensor, fake: Tensor, settings: dict
) -> dict[str, Tensor]:
    """The critic's loss, its ``penalty`` (R1 at real, R2 at generated images) and the ``gap``."""
    real, fake = real.detach().requires_grad_(), fake.detach().requires_grad_()
    of_real, of_fake = scores(real), scores(fake)
    penalty = (settings["r1_r2_weight"] / 2) * (slopes(of_real, real) + slopes(of_fake, fake))
    gap = of_real - of_fake
    loss = (softplus(-gap) + penalty).mean()
    return {"loss": loss, "penalty": penalty.mean(), "gap": gap.mean()}


def relativistic_generator(of_real: Tensor, of_fake: Tensor) -> Tensor:
    """The generator's loss, each generated image beside a real one."""
    return softplus(of_real - of_fake).mean()

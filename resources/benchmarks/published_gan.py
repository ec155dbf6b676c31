"""The code of neuron-gan (github.com/oliviertrottier/neuron-gan), from a checkout of it.

It is not part of this project. Its ``models.py`` and ``loss_functions.py`` are imported as they
are; its ``utils.py``, which needs OpenCV and torchvision for movies, is replaced by the two
functions that they take from it.
"""

import hashlib
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch

FILES = ("models.py", "loss_functions.py")
BETAS, RATE, DRIFT, PENALTY = (0.5, 0.999), 1e-4, 0.001, 10


def load(checkout: Path) -> tuple[ModuleType, ModuleType]:
    """The modules ``models`` and ``loss_functions`` of a checkout."""
    utilities = types.ModuleType("utils")
    utilities.save_vars = lambda *_: None
    utilities.sample_latent_vec = latents
    sys.modules["utils"] = utilities
    sys.path.insert(0, str(checkout))
    import loss_functions
    import models

    return models, loss_functions


def latents(size: tuple, device: torch.device) -> torch.Tensor:
    """Latents on the unit sphere, as ``utils.sample_latent_vec`` draws them."""
    z = torch.randn(*size, device="cpu").clamp(-5, 5)
    return (z / z.norm(p=2, dim=1, keepdim=True)).to(device)


def digests(checkout: Path) -> dict[str, str]:
    """The SHA-256 of each file that is timed."""
    return {name: hashlib.sha256((checkout / name).read_bytes()).hexdigest() for name in FILES}


def networks(models: ModuleType, widths: list[int], start: int, latent_size: int) -> tuple:
    """Its generator and its discriminator, at the first size."""
    generator = models.Generator_PG(widths, image_size_init=start, latent_dim=latent_size)
    return generator, models.Discriminator_PG(widths[::-1], image_size_init=start)


def step(losses: ModuleType, generator, discriminator) -> Callable[[torch.Tensor], None]:
    """The step of its ``train.py``: discriminator with drift and penalty, then generator."""
    pair = (generator, discriminator)
    of_real = losses.D_W_loss(*pair, drift_epsilon=DRIFT)
    penalty, of_generator = losses.D_grad_pen_loss(*pair, PENALTY), losses.G_W_loss(*pair)
    adams = [torch.optim.Adam(network.parameters(), RATE, BETAS) for network in pair]

    def run(real: torch.Tensor) -> None:
        discriminator.zero_grad()
        loss, *_ = of_real(real)
        (loss + penalty(real)).backward()
        adams[1].step()
        generator.zero_grad()
        loss, _ = of_generator(real)
        loss.backward()
        adams[0].step()

    return run

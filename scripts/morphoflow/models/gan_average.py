"""The moving average of a generator's weights, which wanders less than the generator itself."""

import copy

import torch
from torch import nn


class Average(nn.Module):
    """A copy of ``network`` whose weights follow it, with a half-life counted in images.

    The half-life (0: no average, the weights themselves) grows with the images behind, up to
    ``half_life``, so that the first weights do not linger (Karras et al., StyleGAN2, CVPR 2020).
    All is in the module's state, so that a checkpoint holds it.
    """

    def __init__(self, network: nn.Module, half_life: float, rampup: float = 0.05) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.half_life, self.rampup = half_life, rampup

    @torch.no_grad()
    def update(self, network: nn.Module, images: int, behind: int) -> None:
        """Follow ``network`` over ``images`` images; ``behind`` were shown before them."""
        half_life = min(self.half_life, self.rampup * (behind + images))
        kept = 0.5 ** (images / half_life) if half_life else 0.0
        own, others = list(self.network.parameters()), list(network.parameters())
        torch._foreach_lerp_(own, others, 1 - kept)

    @torch.no_grad()
    def restart(self, network: nn.Module) -> None:
        """Take over the weights of ``network``."""
        self.network.load_state_dict(network.state_dict())

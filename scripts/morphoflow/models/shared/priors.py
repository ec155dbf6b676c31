"""Priors of a latent, and the divergence of a diagonal Gaussian posterior from them."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

LOG_2PI = math.log(2 * math.pi)


class StandardPrior(nn.Module):
    """A normal distribution with mean 0 and variance 1 in each dimension."""

    def divergence(self, mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
        """Kullback-Leibler divergence (b,) of the posteriors, in nats."""
        return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


class NormalPrior(nn.Module):
    """A normal distribution whose mean and variance in each dimension are learned."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.mean, self.log_variance = (
            nn.Parameter(torch.zeros(size)),
            nn.Parameter(torch.zeros(size)),
        )

    def divergence(self, mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
        """Kullback-Leibler divergence (b,) of the posteriors, in nats."""
        ratio = log_variance - self.log_variance
        distance = (mean - self.mean).square() * torch.exp(-self.log_variance)
        return 0.5 * (distance + ratio.exp() - 1 - ratio).sum(1)


class MixturePrior(nn.Module):
    """A mixture of diagonal normal distributions, all of whose parameters are learned."""

    def __init__(self, size: int, components: int, generator: torch.Generator) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.randn(components, size, generator=generator))
        self.log_variance = nn.Parameter(torch.zeros(components, size))
        self.logits = nn.Parameter(torch.zeros(components))

    def divergence(self, mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
        """The divergence (b,) in nats, estimated from one draw ``z`` of each posterior.

        There is no closed form. The estimate is right on average, and may be negative.
        """
        return log_normal(z, mean, log_variance) - self.log_density(z)

    def log_density(self, z: Tensor) -> Tensor:
        """The logarithm of the density at each ``z`` (b, size)."""
        each = log_normal(z[:, None], self.mean, self.log_variance)
        return torch.logsumexp(functional.log_softmax(self.logits, 0) + each, 1)


def log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log density of diagonal normal distributions, summed over the last axis."""
    squares = (z - mean).square() * torch.exp(-log_variance)
    return -0.5 * (squares + log_variance + LOG_2PI).sum(-1)


def make_prior(settings: dict, generator: torch.Generator) -> nn.Module:
    """The prior that the setting ``prior`` names, over ``latent_size`` dimensions."""
    size = settings["latent_size"]
    if settings["prior"] == "mixture":
        return MixturePrior(size, settings["components"], generator)
    return NormalPrior(size) if settings["prior"] == "normal" else StandardPrior()

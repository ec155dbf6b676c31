"""Divergences from priors: known values, and the estimate for a mixture is right on average."""

import math

import pytest
import torch

from morphoflow.models.shared.priors import MixturePrior, NormalPrior, StandardPrior, make_prior


def posterior(n=1, size=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randn(2, n, size, generator=generator)
    return draws[0], 0.5 * draws[1]


def drawn(mean, log_variance, n, seed=1):
    noise = torch.randn(n, mean.shape[1], generator=torch.Generator().manual_seed(seed))
    return mean + noise * torch.exp(0.5 * log_variance)


def test_a_posterior_that_equals_the_prior_costs_nothing():
    zero = torch.zeros(4, 3)
    for prior in (StandardPrior(), NormalPrior(3)):
        torch.testing.assert_close(prior.divergence(zero, zero, zero), torch.zeros(4))


def test_the_divergence_of_one_dimension_is_that_of_the_textbook():
    # N(1, 4) from N(0, 1): (1 + 4 - 1 - log 4) / 2 nats.
    mean, log_variance = torch.tensor([[1.0]]), torch.tensor([[math.log(4.0)]])
    expected = torch.tensor([(4 - math.log(4)) / 2])
    torch.testing.assert_close(StandardPrior().divergence(mean, log_variance, mean), expected)


def test_a_learned_normal_prior_agrees_with_torch():
    prior = NormalPrior(3)
    prior.mean.data, prior.log_variance.data = posterior(seed=5)[0][0], posterior(seed=6)[1][0]
    mean, log_variance = posterior(7)
    ours = prior.divergence(mean, log_variance, mean)
    p = torch.distributions.Normal(prior.mean, torch.exp(0.5 * prior.log_variance))
    q = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    torch.testing.assert_close(ours, torch.distributions.kl_divergence(q, p).sum(1))


def test_a_mixture_of_equal_components_is_that_component():
    mixture = MixturePrior(3, 4, torch.Generator().manual_seed(0))
    mixture.mean.data.zero_()
    mean, log_variance = posterior()
    z = drawn(mean, log_variance, 40_000)
    estimate = mixture.divergence(mean, log_variance, z)
    exact = StandardPrior().divergence(mean, log_variance, mean)
    # The mean of so many draws is within a few of its own standard errors.
    error = float(estimate.detach().std()) / math.sqrt(len(z))
    assert abs(float(estimate.detach().mean()) - float(exact)) < 4 * error < 0.1


def test_the_density_of_a_mixture_integrates_to_one():
    mixture = MixturePrior(1, 3, torch.Generator().manual_seed(2))
    z = torch.linspace(-12, 12, 4001)[:, None]
    mass = torch.trapezoid(mixture.log_density(z).exp(), z[:, 0])
    assert float(mass.detach()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("name", "learned"), [("normal", 3 * 2), ("mixture", 9 * (3 * 2 + 1))])
def test_all_parameters_of_a_prior_are_learned(name, learned):
    settings = {"prior": name, "latent_size": 3, "components": 9}
    prior = make_prior(settings, torch.Generator().manual_seed(0))
    mean, log_variance = posterior()
    prior.divergence(mean, log_variance, mean).sum().backward()
    assert sum(p.numel() for p in prior.parameters()) == learned
    assert all(p.grad.abs().sum() > 0 for p in prior.parameters())

"""Draws from the von Mises-Fisher distribution against its density and its mean."""

import numpy as np
import pytest
import torch
from scipy.special import ive
from scipy.stats import kstest

from morphoflow.models.morphvae import draws
from morphoflow.models.morphvae.draws import sample_vmf

DIMENSIONS = (2, 3, 32)
KAPPAS = (1.0, 10.0, 100.0, 500.0, 1000.0, 10_000.0)
CASES = [(d, kappa) for d in DIMENSIONS for kappa in KAPPAS]


def angle_weight(angle, d: int, kappa: float):
    """The unnormalised density of the angle to the mean; the largest exponent is 0."""
    return np.exp(kappa * (np.cos(angle) - 1)) * np.sin(angle) ** (d - 2)


def mean_length(kappa, d: int):
    """The length of the mean, a ratio of modified Bessel functions: A_d(kappa)."""
    return ive(d / 2, kappa) / ive(d / 2 - 1, kappa)


def directions(n: int, d: int, kappa: float, seed: int = 0):
    mean = torch.nn.functional.normalize(torch.arange(1.0, d + 1, dtype=torch.float64), dim=0)
    generator = torch.Generator().manual_seed(seed)
    return mean, sample_vmf(mean.expand(n, d), kappa, generator)


@pytest.mark.parametrize(("d", "kappa"), CASES)
def test_the_angle_to_the_mean_has_the_exact_distribution(d, kappa):
    mean, z = directions(20_000, d, kappa)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(20_000, dtype=torch.float64))
    across = z - (z @ mean)[:, None] * mean
    angle = torch.atan2(across.norm(dim=1), z @ mean).numpy()
    grid = np.linspace(0, min(np.pi, 40 * np.sqrt(d / kappa)), 200_001)
    weight = angle_weight(grid, d, kappa)
    cumulated = np.concatenate([[0], np.cumsum((weight[1:] + weight[:-1]) / 2)])
    cdf = lambda at: np.interp(at, grid, cumulated / cumulated[-1])  # noqa: E731
    assert kstest(angle, cdf).pvalue > 1e-3
    assert kstest(angle * 1.05, cdf).pvalue < 1e-6, "the test must notice 5 % more spread"


@pytest.mark.parametrize(("d", "kappa"), [(3, 10.0), (32, 500.0)])
def test_no_direction_across_the_mean_is_preferred(d, kappa):
    mean, z = directions(20_000, d, kappa)
    across = torch.nn.functional.normalize(z - (z @ mean)[:, None] * mean, dim=1)
    rayleigh = d * len(across) * across.mean(0).square().sum()
    assert rayleigh < d + 6 * np.sqrt(2 * d)
    second = across.T @ across / len(across) * (d - 1)
    projector = torch.eye(d, dtype=torch.float64) - torch.outer(mean, mean)
    assert (second - projector).abs().max() < 0.1


@pytest.mark.parametrize("d", DIMENSIONS)
def test_gradients_are_right(d):
    mean = torch.randn(4, d, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    draw = lambda m: sample_vmf(  # noqa: E731
        torch.nn.functional.normalize(m, dim=1),
        torch.tensor(30.0),
        torch.Generator().manual_seed(2),
    )
    assert torch.autograd.gradcheck(draw, mean.requires_grad_())


def test_equal_generators_give_equal_draws_and_different_ones_do_not():
    first, again, other = (directions(5, 8, 10.0, seed)[1] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_mean_of_draws_has_the_length_of_theory_for_single_precision_too():
    for d, kappa in CASES:
        mean = torch.nn.functional.normalize(torch.arange(1.0, d + 1), dim=0)
        generator = torch.Generator().manual_seed(3)
        z = sample_vmf(mean.expand(4_000, d), torch.tensor(kappa), generator)
        assert z.dtype == torch.float32
        cosine = (z.double() @ mean.double()).numpy()
        error = cosine.std() / np.sqrt(len(cosine))
        expected = mean_length(kappa, d)
        assert abs(cosine.mean() - expected) < 4 * error + 1e-7


def test_each_mean_may_have_a_concentration_of_its_own():
    mu = torch.nn.functional.normalize(torch.ones(2, 30_000, 5), dim=-1)
    kappa = torch.tensor([[2.0], [5000.0]])
    z = sample_vmf(mu, kappa, torch.Generator().manual_seed(0))
    mean = (z * mu).sum(-1).mean(1)
    torch.testing.assert_close(
        mean.double(),
        torch.from_numpy(mean_length(kappa[:, 0].double().numpy(), 5)),
        atol=5e-3,
        rtol=0,
    )


def test_a_draw_that_is_always_rejected_at_first_is_still_drawn_exactly(monkeypatch):
    """The second and later rounds have the distribution of the first."""
    proposals, calls = draws._proposals, []

    def reject_all_of_the_first_rounds(kappa, d, rounds, generator):
        gap, accepted = proposals(kappa, d, rounds, generator)
        calls.append(len(kappa))
        return gap, accepted & (len(calls) > 3)

    usual = directions(20_000, 3, 10.0)
    monkeypatch.setattr(draws, "_proposals", reject_all_of_the_first_rounds)
    late = directions(20_000, 3, 10.0, seed=1)
    assert calls[:4] == [20_000] * 4 and len(calls) > 4
    assert kstest((usual[1] @ usual[0]).numpy(), (late[1] @ late[0]).numpy()).pvalue > 1e-3


def test_the_rounds_on_a_gpu_leave_nothing_to_be_drawn_again():
    generator = torch.Generator().manual_seed(0)
    for d, kappa in ((2, 1e6), (3, 1e6), (32, 1e4)):
        concentrations = torch.full((20_000,), kappa, dtype=torch.float64)
        _, accepted = draws._proposals(concentrations, d, 1, generator)
        share = accepted.double().mean().item()
        assert share > 0.64 and (1 - share) ** draws.ROUNDS_ON_GPU < 1e-13

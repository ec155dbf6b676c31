"""The figure of a fitted simulator: an interval for each population, and its images."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.figures.simulator_fit import ACROSS, MOST, plot_simulator_fit

BOUNDS = {"branching_rate": (0.004, 0.03, True), "contact_um": (0.05, 0.8, False)}


def drawn(labels: list[str], real: int = 6, left_out: list[str] | None = None):
    rng = np.random.default_rng(0)
    draws = pd.DataFrame({"label": np.repeat(labels, 50)})
    for name, (low, high, _) in BOUNDS.items():
        draws[name] = rng.uniform(low, high, len(draws))
    pictures = {label: (np.zeros((real, 8, 8), np.uint8),) * 2 for label in labels}
    return plot_simulator_fit(draws, BOUNDS, pictures, left_out or []), draws


def test_bars_are_the_intervals_of_the_draws():
    figure, draws = drawn(["mutant", "wild_type"])
    axes = next(axes for axes in figure.axes if axes.get_xlabel() == "branching rate")
    bars = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2]
    expected = draws.groupby("label")["branching_rate"].quantile([0.025, 0.975]).unstack()
    np.testing.assert_allclose(bars, expected, rtol=1e-6)
    assert axes.get_xlim() == BOUNDS["branching_rate"][:2]


@pytest.mark.parametrize(("number", "real"), [(1, 6), (2, 2), (MOST + 2, 6)])
def test_each_population_has_its_images(number, real):
    figure, _ = drawn([f"p{k}" for k in range(number)], real)
    shown = sum(len(axes.images) for axes in figure.axes)
    assert shown == min(number, MOST) * 2 * min(real, ACROSS)


def test_what_was_left_out_is_said():
    figure, _ = drawn(["wild_type"], left_out=["population 'mutant' has 2 images"])
    assert any("mutant" in text.get_text() for text in figure.texts)

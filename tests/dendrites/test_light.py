"""What is said of light that was cut off, drawn into a picture, or shows no dendrites."""

import numpy as np
import pytest

from morphoflow.dendrites.reading.light import check_lines, clipped, without_scale_bar
from morphoflow.dendrites.simulator.set import SetSettings, simulate_neuron
from synthetic_dendrites import neuron

NEURON = neuron(0, 256, 256).astype(np.float32)


def codes(findings):
    return [finding.code for finding in findings]


@pytest.mark.parametrize("height, width", [(3, 40), (60, 6)])
def test_a_scale_bar_is_filled_and_nothing_else_is(height, width):
    drawn = NEURON.copy()
    bar = np.s_[190 : 190 + height, 205 : 205 + width]
    drawn[bar] = NEURON.max() + 1
    filled, found = without_scale_bar(drawn)
    assert codes(found) == ["scale_bar"]
    assert f"{width} x {height} pixels at row 190, column 205" in found[0].message
    expected = NEURON.copy()
    expected[bar] = np.median(drawn)
    np.testing.assert_array_equal(filled, expected)


@pytest.mark.parametrize("photons", [3, 400])
@pytest.mark.parametrize("size", [64, 256])
def test_somata_and_noise_are_no_scale_bars(size, photons):
    settings = {
        "number": 4,
        "size": size,
        "pixel_um": 82.688 / size,
        "optics": {"photons": photons},
    }
    for number in range(4):
        picture, _, _ = simulate_neuron(SetSettings.read(settings), number)
        filled, found = without_scale_bar(picture)
        assert not found
        np.testing.assert_array_equal(filled, picture)


def test_values_cut_off_at_either_end_are_told_and_those_of_a_camera_and_a_mask_are_not():
    assert not list(clipped(NEURON, 0))
    assert codes(clipped(np.minimum(NEURON, np.quantile(NEURON, 0.9)), 0)) == ["saturated"]
    assert codes(clipped(NEURON - np.float32(np.quantile(NEURON, 0.2)), 0)) == ["below_offset"]
    assert not list(clipped((np.quantile(NEURON, 0.9) < NEURON).astype(np.float32), 0))


def test_noise_without_lines_is_told():
    assert not list(check_lines(NEURON))
    rng = np.random.default_rng(0)
    for noise in (rng.normal(100, 5, (256, 256)), rng.poisson(10, (256, 256)).astype(float)):
        assert codes(check_lines(noise)) == ["no_lines"]


def test_a_scale_bar_that_lies_on_a_dendrite_is_filled_too():
    drawn = NEURON.copy()
    drawn[:, 100] = 0.8 * NEURON.max()
    drawn[190:194, 80:120] = NEURON.max() + 1
    filled, found = without_scale_bar(drawn)
    assert codes(found) == ["scale_bar"]
    assert filled.max() <= NEURON.max()

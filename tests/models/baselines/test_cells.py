"""Baselines of cells: fitted on training objects alone, invariant where they say so."""

from importlib import import_module

import numpy as np
import pytest
import torch

from model_settings import cards, settings
from morphoflow.cells.demo.demo import rasterise
from morphoflow.cells.shapes.outlines import Outlines
from morphoflow.errors import InputError
from morphoflow.images.polar import PolarGrid
from morphoflow.model import read_model, write_model
from morphoflow.models.baselines import pixels, polar_fourier, shape_features
from small_baselines import CPU, fitted, objects

POLAR = settings("polar_fourier", rings=12, frequencies=8)
PIXELS = settings("pixels")
ALL = settings("shape_features")
NAMES = ["AreaShape_Area_um2", "FourierDescriptor_2", "Intensity_MeanIntensity_dna"]


def crops(n: int = 24, channels: int = 2, angle: float = 0.0) -> np.ndarray:
    """Lobed cells (n, channels, 32, 32) float32 that differ in size and shape."""
    rng, t = np.random.default_rng(0), np.linspace(0, 2 * np.pi, 60, endpoint=False)
    amplitude, size = rng.uniform(0, 0.3, size=(n, 3)), rng.uniform(5, 10, size=n)
    waves = sum(amplitude[:, [k]] * np.cos((k + 1) * t + k) for k in range(3))
    radius = size[:, None] * (1 + waves)
    points = [np.stack([r * np.cos(t), r * np.sin(t)], axis=1) for r in radius]
    x = rasterise(Outlines.of(points), 32, 1.0, angle=angle)
    return np.stack([x * (k + 1) / channels for k in range(channels)], axis=1)


def shapes(n: int = 9, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)


@pytest.mark.parametrize(("module", "chosen"), [(pixels, PIXELS), (polar_fourier, POLAR)])
def test_components_of_crops_are_fitted_on_training_objects_alone(store, module, chosen):
    changed = crops()
    changed[18:] = changed[18:, :, ::-1] * 0.5
    states = [module.fit(store(x), objects(24, 18), chosen, 0)[1] for x in (crops(), changed)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_shape_features_are_standardised_by_the_training_objects_alone(store):
    changed = shapes()
    changed[5:] *= 100
    states = [
        shape_features.fit(store(x, names=NAMES), objects(9, 5), ALL, 0)[1]
        for x in (shapes(), changed)
    ]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    samples = store(shapes(), names=NAMES)
    x = shape_features.embed(fitted(shape_features, samples, 5, ALL), samples, CPU)[:5]
    assert np.allclose(x.mean(axis=0), 0, atol=1e-6) and np.allclose(x.std(axis=0), 1, atol=1e-6)


def test_groups_of_shape_features_are_chosen_by_their_names(store):
    samples = store(shapes(), names=NAMES)
    whole = shape_features.embed(fitted(shape_features, samples, 9, ALL), samples, CPU)
    some = {"groups": ["AreaShape", "Intensity"]}
    part = shape_features.embed(fitted(shape_features, samples, 9, some), samples, CPU)
    assert np.array_equal(part, whole[:, [0, 2]])
    with pytest.raises(InputError, match=r"no feature is of the groups .*'AreaShape'"):
        shape_features.fit(
            store(shapes(), names=["AreaShape_a", "AreaShape_b", "AreaShape_c"]),
            objects(9, 9),
            {"groups": ["Intensity"]},
            0,
        )


def test_shape_features_are_found_by_their_names_in_any_order(store):
    model = fitted(shape_features, store(shapes(), names=NAMES), 9, ALL)
    expected = shape_features.embed(model, store(shapes(), names=NAMES), CPU)
    turned = store(shapes()[:, ::-1], names=NAMES[::-1])
    assert np.array_equal(shape_features.embed(model, turned, CPU), expected)
    with pytest.raises(InputError, match=r"lack features .*AreaShape_Area_um2.*pixel size"):
        shape_features.embed(model, store(shapes(), names=["AreaShape_Area_px2", *NAMES[1:]]), CPU)


def test_pixels_rebuild_the_training_crops_up_to_the_share_that_is_left(store):
    samples = store(crops())
    model = fitted(pixels, samples, 24, PIXELS)
    scores = pixels.embed(model, samples, CPU)
    flat = crops().reshape(24, -1).astype(np.float64)
    rebuilt = scores @ model.state["components"].numpy() + model.state["mean"].numpy()
    left = np.square(flat - rebuilt).sum() / np.square(flat - flat.mean(axis=0)).sum()
    assert left == pytest.approx(1 - sum(model.facts["explained_variance"]), abs=1e-6)
    assert left <= 0.05


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_and_flips_leave_polar_fourier_as_it_is(store, turns, flip):
    x = crops() * np.random.default_rng(1).uniform(0.5, 1, size=(24, 2, 32, 32))
    x = x.astype(np.float32)
    moved = np.rot90(x[..., ::-1] if flip else x, turns, axes=(2, 3)).copy()
    samples = store(x)
    model = fitted(polar_fourier, samples, 18, POLAR)
    upright = polar_fourier.embed(model, samples, CPU)
    turned = polar_fourier.embed(model, store(moved), CPU)
    assert np.abs(turned - upright).max() <= 1e-5 * np.abs(upright).max()


def nearest_other(x: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(x[:, None] - x[None], axis=2)
    return np.where(np.eye(len(x), dtype=bool), np.inf, distance).min(axis=1)


@pytest.mark.parametrize("angle", [10.0, 45.0, 77.0])
def test_other_turns_move_polar_fourier_less_than_to_the_next_cell(store, angle):
    samples = store(crops())
    found = {}
    for module, chosen in ((polar_fourier, POLAR), (pixels, PIXELS)):
        model = fitted(module, samples, 24, chosen)
        here = module.embed(model, samples, CPU)
        there = module.embed(model, store(crops(angle=angle)), CPU)
        found[module] = np.median(np.linalg.norm(here - there, axis=1) / nearest_other(here))
    assert found[polar_fourier] < 0.1
    assert found[pixels] > 0.3


def test_magnitudes_of_a_pattern_that_repeats_are_known():
    """A pattern 1 + cos(3 angle) has a mean of 1 and a half of its amplitude at frequency 3."""
    rows, columns = np.mgrid[:65, :65] - 32.0
    angle = np.arctan2(-rows, columns)
    pattern = torch.from_numpy(1 + np.cos(3 * angle)).float()[None, None]
    grid = PolarGrid(65, 8, 32)
    found = polar_fourier.magnitudes(pattern, grid, 8).reshape(8, 8) / grid.radii.sqrt()[:, None]
    expected = torch.zeros(8)
    expected[0], expected[3] = 1, 0.5
    assert torch.allclose(found[2:], expected.expand(6, 8), atol=0.01)


def test_twice_the_frequency_limit_only_adds_frequencies():
    x = torch.from_numpy(crops(4))
    grid = PolarGrid(32, 12, 64, sigma=0.7)
    few = polar_fourier.magnitudes(x, grid, 8).reshape(4, 2, 12, 8)
    many = polar_fourier.magnitudes(x, grid, 16).reshape(4, 2, 12, 16)
    assert torch.equal(few, many[..., :8])


@pytest.mark.parametrize(("module", "chosen"), [(pixels, PIXELS), (polar_fourier, POLAR)])
def test_crops_are_embedded_in_pieces_as_in_one(store, monkeypatch, module, chosen):
    samples = store(crops())
    model = fitted(module, samples, 18, chosen)
    whole = module.embed(model, samples, CPU)
    monkeypatch.setattr(module, "BLOCK", 5)
    assert np.allclose(module.embed(model, samples, CPU), whole, atol=1e-5)


@pytest.mark.parametrize(("module", "chosen"), [(pixels, PIXELS), (polar_fourier, POLAR)])
def test_crops_of_another_shape_are_an_error_that_names_both(store, module, chosen):
    model = fitted(module, store(crops()), 18, chosen)
    with pytest.raises(InputError, match=r"\[1, 32, 32\].*\[2, 32, 32\].*make them alike"):
        module.embed(model, store(crops(channels=1)), CPU)


@pytest.mark.parametrize(
    ("module", "chosen"), [(pixels, PIXELS), (polar_fourier, POLAR), (shape_features, ALL)]
)
def test_a_model_that_was_written_and_read_embeds_the_same(store, tmp_path, module, chosen):
    samples = store(shapes(24), names=NAMES) if module is shape_features else store(crops())
    model = fitted(module, samples, 18, chosen)
    write_model(tmp_path / "model.pt", model)
    again = module.embed(read_model(tmp_path / "model.pt"), samples, CPU)
    assert again.dtype == np.float32
    assert again.tobytes() == module.embed(model, samples, CPU).tobytes()


class Watched(dict):
    """Settings that note which of them are read."""

    def __init__(self, chosen):
        super().__init__(chosen)
        self.read = set()

    def __getitem__(self, name):
        self.read.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("name", ["shape_features", "pixels", "polar_fourier"])
def test_the_configuration_names_the_settings_that_the_module_reads(store, name):
    module, card = import_module(f"morphoflow.models.baselines.{name}"), cards()[name]
    samples = store(shapes(), names=NAMES) if module is shape_features else store(crops(9))
    watched = Watched(settings(name))
    fitted(module, samples, 9, watched)
    assert set(card["settings"]) == watched.read and module.embed
    assert card["modality"] == "cells" and card["trained"] is False

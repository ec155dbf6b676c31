"""The baseline of density maps: where the cable lies, whatever its amount."""

import numpy as np
import pytest
import torch

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.model import read_model, write_model
from morphoflow.models.baselines import density
from small_baselines import CPU, fitted, objects

DENSITY = settings("density", axes="xz", sigma=0.7)


def maps(n: int = 20, bins: int = 6, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.gamma(0.3, size=(n, bins, bins, bins)).astype(np.float32)


@pytest.mark.parametrize("axes", ["x", "y", "z", "xy", "xz", "yz", "xyz"])
def test_a_map_keeps_the_named_axes_and_has_mass_1(axes):
    x = maps(3)
    flat = density.flat_maps(x, axes, 0.0)
    others = tuple(1 + k for k in range(3) if "xyz"[k] not in axes)
    expected = x.sum(axis=others, dtype=float) / x.sum(axis=(1, 2, 3), keepdims=True).reshape(
        3, *[1] * len(axes)
    )
    assert np.allclose(flat.reshape(expected.shape), expected, rtol=1e-5)
    assert np.allclose(density.flat_maps(x, axes, 1.3).sum(axis=1), 1)


def test_smoothing_spreads_one_voxel_as_a_gaussian_of_width_sigma():
    x = np.zeros((2, 41, 41, 41), dtype=np.float32)
    x[0, 20, 20, 20] = 5.0
    flat = density.flat_maps(x, "xy", 2.0).reshape(2, 41, 41)
    place = np.arange(41) - 20
    assert (flat[0].sum(axis=1) * place**2).sum() == pytest.approx(4.0, rel=0.01)
    assert (flat[0].sum(axis=0) * place).sum() == pytest.approx(0, abs=1e-12)
    assert (flat[1] == 0).all()


def test_density_tells_where_cable_is_and_not_how_much(store):
    samples = store(maps())
    model = fitted(density, samples, 15, DENSITY)
    twice = density.embed(model, store(2 * maps()), CPU)
    assert np.allclose(twice, density.embed(model, samples, CPU), atol=1e-6)


def test_density_is_fitted_on_training_objects_alone(store):
    changed = maps()
    changed[15:] = maps(5, seed=9)
    state = [density.fit(store(v), objects(20, 15), DENSITY, 0)[1] for v in (maps(), changed)]
    assert all(torch.equal(state[0][key], state[1][key]) for key in state[0])


def test_density_embeds_in_pieces_as_in_one(store, monkeypatch):
    samples = store(maps())
    model = fitted(density, samples, 15, DENSITY)
    whole = density.embed(model, samples, CPU)
    monkeypatch.setattr(density, "BLOCK", 3)
    again = fitted(density, samples, 15, DENSITY)
    assert np.allclose(density.embed(again, samples, CPU), whole, atol=1e-6)


def test_a_neuron_outside_the_box_has_an_embedding(store):
    x = maps()
    x[3] = x[17] = 0
    samples = store(x)
    model = fitted(density, samples, 15, DENSITY)
    assert np.isfinite(density.embed(model, samples, CPU)).all()


def test_maps_with_other_bins_are_an_error_that_names_both(store):
    model = fitted(density, store(maps()), 15, DENSITY)
    with pytest.raises(InputError, match=r"\[5, 5, 5\].*\[6, 6, 6\].*same bins"):
        density.embed(model, store(maps(bins=5)), CPU)


def test_a_model_that_was_written_and_read_embeds_the_same(store, tmp_path):
    samples = store(maps())
    model = fitted(density, samples, 15, DENSITY)
    write_model(tmp_path / "model.pt", model)
    again = density.embed(read_model(tmp_path / "model.pt"), samples, CPU)
    assert again.dtype == np.float32
    assert again.tobytes() == density.embed(model, samples, CPU).tobytes()

"""Baselines: fitted on training objects alone, determined by the data, defined for all of it."""

import numpy as np
import pandas as pd
import pytest
import torch

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.fitting import fit_pca, fit_standard, train_rows
from morphoflow.model import Model, read_model, write_model
from morphoflow.models.baselines import density, morphometry
from morphoflow.store import read_samples, write_samples

CPU = torch.device("cpu")
DENSITY = settings("density", axes="xz", sigma=0.7)
MORPHOMETRY = settings("morphometry")


@pytest.fixture
def store(tmp_path):
    """Write samples (n, ...) as a store and read it back."""

    def make(x: np.ndarray, names: list[str] | None = None):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.zarr"
        axes = [f"axis{k}" for k in range(x.ndim)]
        ids = [f"n{k}" for k in range(len(x))]
        write_samples(path, ids, x, axes=axes, units="um", provenance={}, names=names)
        return read_samples(path)

    return make


def objects(n: int, n_train: int) -> pd.DataFrame:
    split = np.where(np.arange(n) < n_train, "train", "test")
    return pd.DataFrame({"id": [f"n{k}" for k in range(n)], "label": None, "split": split})


def maps(n: int = 20, bins: int = 6, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.gamma(0.3, size=(n, bins, bins, bins)).astype(np.float32)


def fitted(module, samples, table, chosen) -> Model:
    facts, state = module.fit(samples, table, chosen, 0)
    return Model(module.__name__, chosen, facts, state, {})


def correlated(n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, d)) * 0.7 ** np.arange(d) @ rng.normal(size=(d, d))


@pytest.mark.parametrize("variance", [0.3, 0.8, 0.95, 0.999])
def test_the_smallest_number_of_components_that_reaches_the_variance(variance):
    x = correlated(60, 12)
    mean, components, share = fit_pca(x, variance)
    assert share.sum() >= variance > share[:-1].sum()
    scores = (x - mean) @ components.T
    kept = scores.var(axis=0).sum() / x.var(axis=0).sum()
    assert kept == pytest.approx(share.sum(), rel=1e-9)
    assert np.allclose(components @ components.T, np.eye(len(components)), atol=1e-9)


def test_the_number_of_components_is_known_where_variances_are():
    x = np.concatenate([s * np.eye(3)[[k]] for k, s in enumerate([3, 2, 1]) for s in (s, -s)])
    for variance, k in ((0.6, 1), (9 / 14, 1), (0.7, 2), (13 / 14, 2), (0.95, 3), (1.0, 3)):
        assert len(fit_pca(x, variance)[1]) == k


def test_components_have_one_sign_in_any_order_of_the_objects():
    x = correlated(40, 8)
    _, components, _ = fit_pca(x, 0.999)
    _, shuffled, _ = fit_pca(x[np.random.default_rng(0).permutation(40)], 0.999)
    assert np.allclose(components, shuffled, atol=1e-8)
    assert (np.take_along_axis(components, np.abs(components).argmax(1)[:, None], 1) > 0).all()


def test_all_variance_of_fewer_objects_than_values_is_kept_in_one_component_less_than_objects():
    assert len(fit_pca(correlated(5, 12), 1.0)[1]) == 4


def test_standardised_training_features_have_mean_0_and_standard_deviation_1():
    x = np.random.default_rng(0).gamma(2.0, [1, 1e3, 1e9], size=(50, 3)).astype(np.float32)
    mean, weight = fit_standard(x)
    z = (x - mean) * weight
    assert np.allclose(z.mean(axis=0), 0, atol=1e-9) and np.allclose(z.std(axis=0), 1)


def test_a_feature_that_is_constant_in_training_is_0_for_all(store):
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    x[:6, 1] = 0.1
    samples = store(x, ["a", "b", "c"])
    embedding = morphometry.embed(
        fitted(morphometry, samples, objects(8, 6), MORPHOMETRY), samples, CPU
    )
    assert (embedding[:, 1] == 0).all() and (embedding[:, [0, 2]] != 0).all()


def test_morphometry_is_fitted_on_training_objects_alone(store):
    x = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    changed = x.copy()
    changed[5:] *= 100
    names = list("abcd")
    state = [
        morphometry.fit(store(v, names), objects(9, 5), MORPHOMETRY, 0)[1] for v in (x, changed)
    ]
    assert all(torch.equal(state[0][key], state[1][key]) for key in state[0])


def test_units_of_the_features_do_not_matter_to_morphometry(store):
    x = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    embeddings = []
    for values in (x, x * np.float32([1e3, 0.5, 1]) + np.float32([0, 7, 0])):
        samples = store(values, list("abc"))
        model = fitted(morphometry, samples, objects(9, 9), MORPHOMETRY)
        embeddings.append(morphometry.embed(model, samples, CPU))
    assert embeddings[0].dtype == np.float32
    assert np.allclose(*embeddings, atol=1e-4)


def test_other_morphometrics_than_the_fitted_ones_are_an_error_that_names_them(store):
    x = np.ones((4, 2), dtype=np.float32)
    model = fitted(morphometry, store(x, ["n_tips", "n_stems"]), objects(4, 4), MORPHOMETRY)
    with pytest.raises(InputError, match=r"n_stems.*measure the neurons anew"):
        morphometry.embed(model, store(x, ["n_tips", "depth_um"]), CPU)
    with pytest.raises(InputError, match="their order"):
        morphometry.embed(model, store(x, ["n_stems", "n_tips"]), CPU)


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
    model = fitted(density, samples, objects(20, 15), DENSITY)
    twice = density.embed(model, store(2 * maps()), CPU)
    assert np.allclose(twice, density.embed(model, samples, CPU), atol=1e-6)


def test_density_is_fitted_on_training_objects_alone(store):
    changed = maps()
    changed[15:] = maps(5, seed=9)
    state = [density.fit(store(v), objects(20, 15), DENSITY, 0)[1] for v in (maps(), changed)]
    assert all(torch.equal(state[0][key], state[1][key]) for key in state[0])


def test_density_embeds_in_pieces_as_in_one(store, monkeypatch):
    samples = store(maps())
    model = fitted(density, samples, objects(20, 15), DENSITY)
    whole = density.embed(model, samples, CPU)
    monkeypatch.setattr(density, "BLOCK", 3)
    again = fitted(density, samples, objects(20, 15), DENSITY)
    assert np.allclose(density.embed(again, samples, CPU), whole, atol=1e-6)


def test_a_neuron_outside_the_box_has_an_embedding(store):
    x = maps()
    x[3] = x[17] = 0
    samples = store(x)
    model = fitted(density, samples, objects(20, 15), DENSITY)
    assert np.isfinite(density.embed(model, samples, CPU)).all()


def test_maps_with_other_bins_are_an_error_that_names_both(store):
    model = fitted(density, store(maps()), objects(20, 15), DENSITY)
    with pytest.raises(InputError, match=r"\[5, 5, 5\].*\[6, 6, 6\].*same bins"):
        density.embed(model, store(maps(bins=5)), CPU)


@pytest.mark.parametrize(("module", "chosen"), [(density, DENSITY), (morphometry, MORPHOMETRY)])
def test_a_model_that_was_written_and_read_embeds_the_same(store, tmp_path, module, chosen):
    samples = store(maps()) if module is density else store(maps()[:, 0, 0, :], list("abcdef"))
    model = fitted(module, samples, objects(20, 15), chosen)
    write_model(tmp_path / "model.pt", model)
    again = module.embed(read_model(tmp_path / "model.pt"), samples, CPU)
    assert again.dtype == np.float32
    assert again.tobytes() == module.embed(model, samples, CPU).tobytes()


def test_no_training_objects_and_no_differences_are_errors_that_name_the_way_out():
    with pytest.raises(InputError, match="larger share"):
        train_rows(objects(4, 0))
    with pytest.raises(InputError, match="all alike"):
        fit_pca(np.ones((4, 3)), 0.95)

"""The autoencoder of volumes: its latent carries the shape, and it trains, saves and resumes."""

import signal

import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric import Fabric

from model_settings import model_of, settings
from morphoflow.errors import InputError
from morphoflow.model import read_model, write_model
from morphoflow.models.volume_vae import model as volume_vae
from morphoflow.models.volume_vae.learner import inputs_and_mask, needed_channels
from morphoflow.models.volume_vae.losses import reconstruction_loss
from morphoflow.models.volume_vae.network import VolumeVAE
from morphoflow.training.loop import fit
from small_volume_vae import CPU, SETTINGS, SIZE, N, blobs_and_rods, objects, store

pytestmark = pytest.mark.usefixtures("deterministic")


def train(settings, folder, x=None, epochs=1, seed=0):
    samples = store(blobs_and_rods() if x is None else x)
    learner = volume_vae.build(samples, objects(len(samples.ids)), settings, seed, CPU)
    fabric = Fabric(accelerator="cpu", devices=1)
    fitted = fit(learner, epochs=epochs, patience=0, seed=seed, fabric=fabric, checkpoint=folder)
    return fitted, model_of("volume_vae", settings, learner.facts, fitted.best)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(SETTINGS, tmp_path_factory.mktemp("trained"), epochs=16)


@torch.no_grad()
def test_the_latent_says_what_the_decoder_cannot_guess(trained):
    model = trained[1]
    x, mask = inputs_and_mask(torch.from_numpy(blobs_and_rods()), model.settings)
    network = volume_vae.load(model, CPU)
    posterior = network.encode(x)

    def loss(z):
        return float(reconstruction_loss(network.decode(z), x, mask, model.settings).mean())

    own, others = loss(posterior.mean), loss(posterior.mean.roll(1, 0))
    # The published losses: 0.342 by its own latent, 0.343 by another's, 0.340 by none.
    assert own < 0.6 * min(others, loss(torch.zeros_like(posterior.mean)))
    # And its latent: a spread of 0.006 over objects beside a posterior's of 0.994.
    spread, sd = posterior.mean.std(0), (0.5 * posterior.log_variance).exp().mean(0)
    assert (spread > 2 * sd).sum() >= 2


def test_training_beats_the_empty_and_the_mean_volume_and_the_history_tells(trained):
    history = trained[0].history
    best = history.loc[history["validation_loss"].idxmin()]
    assert best["validation_loss"] < 0.6 * best["validation_loss_mean_image"]
    assert best["validation_loss_mean_image"] < 0.5 * best["validation_loss_zero_image"]
    assert best["validation_reconstruction_swapped"] > 1.5 * best["validation_reconstruction"]
    assert best["validation_mask_iou"] > history["validation_mask_iou"].iloc[0]
    assert best["validation_active_latents"] >= 2


def test_an_untrained_network_decodes_the_mean_volume():
    learner = volume_vae.build(store(blobs_and_rods()), objects(), SETTINGS, 0, CPU)
    with torch.no_grad():
        scores = learner.validate()
    assert scores["reconstruction"] == pytest.approx(scores["loss_mean_image"], rel=1e-5)


@pytest.mark.parametrize("size", [16, 20, 32, 64])
def test_volumes_of_any_size_come_back_in_that_size(size):
    large = settings("volume_vae")
    network = VolumeVAE(2, size, large, torch.Generator().manual_seed(0))
    with torch.no_grad():
        posterior = network.encode(torch.rand(1, 2, size, size, size))
        assert posterior.mean.shape == (1, large["latent_size"])
        assert network.decode(posterior.mean).shape == (1, 2, size, size, size)


def test_an_object_is_embedded_alone_as_among_others(trained):
    _, model = trained
    x = blobs_and_rods()
    together = volume_vae.embed(model, store(x), CPU)
    assert together.shape == (N, 4) and together.dtype == np.float32
    alone = np.concatenate([volume_vae.embed(model, store(x[i : i + 1]), CPU) for i in range(5)])
    np.testing.assert_allclose(alone, together[:5], atol=1e-4)


def test_the_embedding_is_no_draw_and_survives_saving(trained, tmp_path):
    _, model = trained
    samples = store(blobs_and_rods())
    write_model(tmp_path / "model.pt", model)
    np.testing.assert_array_equal(
        volume_vae.embed(read_model(tmp_path / "model.pt"), samples, CPU),
        volume_vae.embed(model, samples, CPU),
    )


def test_what_is_no_organelle_has_a_larger_reconstruction_error(trained):
    _, model = trained
    x = blobs_and_rods()
    mean, known = volume_vae.embed_with_uncertainty(model, store(x), CPU)
    np.testing.assert_array_equal(mean, volume_vae.embed(model, store(x), CPU))
    _, strange = volume_vae.embed_with_uncertainty(model, store(np.roll(x, 5, axis=2)), CPU)
    assert np.median(strange["reconstruction_error"]) > 2 * np.median(known["reconstruction_error"])
    assert known["posterior_sd"].shape == (N,) and (known["posterior_sd"] > 0).all()


def test_the_seed_decides_all(tmp_path):
    small = SETTINGS | {"augment": "cube"}
    x = blobs_and_rods(12)
    first, again, other = (
        train(small, tmp_path / str(i), x, seed=seed)[0].last for i, seed in enumerate((1, 1, 2))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_a_stopped_training_resumes_to_equal_bytes(tmp_path, monkeypatch):
    small, x = SETTINGS | {"augment": "cube"}, blobs_and_rods(24)
    whole = train(small, tmp_path / "whole", x, epochs=2)[0]
    step, steps = volume_vae.VolumeVAELearner.step, []

    def stopped(self, *arguments):
        steps.append(None)
        if len(steps) == 6:
            signal.raise_signal(signal.SIGTERM)
        return step(self, *arguments)

    monkeypatch.setattr(volume_vae.VolumeVAELearner, "step", stopped)
    with pytest.raises(SystemExit):
        train(small, tmp_path / "stopped", x, epochs=2)
    resumed = train(small, tmp_path / "stopped", x, epochs=2)[0]
    assert len(steps) == 8
    assert all(torch.equal(whole.last[name], resumed.last[name]) for name in whole.last)
    pd.testing.assert_frame_equal(whole.history, resumed.history, check_exact=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": ["mask"], "augment": "z"},
        {"channels": ["em"], "em_loss": "l1"},
        {"free_bits": 2.0, "beta": 4.0, "foreground_weight": 0.2},
    ],
)
def test_every_choice_trains_and_is_decoded(tmp_path, changes):
    x = blobs_and_rods(12)
    fitted, model = train(SETTINGS | changes, tmp_path / "check", x)
    assert np.isfinite(fitted.history["train_loss"]).all()
    made = volume_vae.reconstruct_pictures(model, store(x), np.arange(5), CPU)
    latents = volume_vae.embed(model, store(x), CPU)[:6].reshape(2, 3, 4)
    pictures = volume_vae.decode_pictures(model, latents, CPU)
    assert pictures.shape == (2, 3, 1, SIZE, SIZE) and made["error"].shape == (5,)
    np.testing.assert_allclose(pictures[0, 2], made["decoded"][2], atol=1e-4)
    assert needed_channels(model.settings)[-1] == "mask"


def test_volumes_of_another_kind_are_refused(trained):
    _, model = trained
    x = blobs_and_rods(6)
    with pytest.raises(InputError, match=r"32 voxels along an edge.*trained with 16"):
        volume_vae.embed(model, store(blobs_and_rods(2, 32)), CPU)
    with pytest.raises(InputError, match="not uint8"):
        volume_vae.embed(model, store(x.astype(np.float32)), CPU)
    with pytest.raises(InputError, match="not uint8"):
        volume_vae.build(store(x[:, :1]), objects(6), SETTINGS, 0, CPU)
    with pytest.raises(InputError, match='split "validation"'):
        volume_vae.build(store(x), objects(6).assign(split="train"), SETTINGS, 0, CPU)

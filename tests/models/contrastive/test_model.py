"""The contrastive model: what it learns, and that only what it should depend on matters."""

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from lightning_fabric import Fabric

from model_settings import model_of
from morphoflow.errors import InputError
from morphoflow.model import read_model, write_model
from morphoflow.models.contrastive import model as contrastive
from morphoflow.models.contrastive.learner import make_optimizer, set_rates
from morphoflow.models.shared.monitor import vote
from morphoflow.store import Samples, read_samples, write_samples
from morphoflow.training.loop import fit
from small_contrastive import CPU, SETTINGS, N, objects, shapes

pytestmark = pytest.mark.usefixtures("one_thread")

SIMSIAM = {"loss": "simsiam", "optimizer": "sgd", "learning_rate": 0.5}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("organelles") / "volumes.zarr"
    axes = ["object", "channel", "z", "y", "x"]
    ids = [f"o{i}" for i in range(N)]
    write_samples(path, ids, shapes(0), axes=axes, units="intensity", provenance={})
    return read_samples(path)


def holding(store, x):
    return Samples(zarr.array(x), store.ids[: len(x)], None, None, None, store.attributes)


def few(store, rows=30):
    """The first samples alone, and their rows of the object table."""
    return holding(store, store.x[:rows]), objects()[:rows]


def trained(samples, rows, folder, seed=0, **changes):
    settings = SETTINGS | changes
    learner = contrastive.build(samples, rows, settings, seed, CPU)
    fabric = Fabric(accelerator="cpu", devices=1)
    epochs = settings["epochs"]
    fitted = fit(learner, epochs=epochs, patience=0, seed=seed, fabric=fabric, checkpoint=folder)
    return fitted, model_of("contrastive", settings, learner.facts, fitted.best)


@pytest.fixture(scope="module")
def model(store, tmp_path_factory):
    return trained(store, objects(), tmp_path_factory.mktemp("trained"))


def accuracy(model, samples):
    """Of the objects outside of the training split, by their 5 nearest training objects."""
    x = torch.from_numpy(contrastive.embed(model, samples, CPU))
    classes = torch.arange(N) % 3
    known = torch.from_numpy((objects()["split"] == "train").to_numpy())
    found = vote(x[known], classes[known], x[~known], 5)
    return float((found == classes[~known]).double().mean())


def test_neighbours_of_turned_objects_agree_after_training(store, model, tmp_path):
    sets = [store, holding(store, shapes(1)), holding(store, shapes(2))]
    after, before = [accuracy(model[1], store)], []
    for seed, samples in enumerate(sets):
        _, untrained = trained(samples, objects(), tmp_path / f"{seed}", seed, epochs=0)
        before.append(accuracy(untrained, samples))
        if seed > 0:
            _, made = trained(samples, objects(), tmp_path / f"{seed} trained", seed)
            after.append(accuracy(made, samples))
    assert np.mean(after) >= 0.8 and np.mean(after) >= np.mean(before) + 0.08


def test_the_history_shows_that_nothing_collapsed(model):
    history = model[0].history
    assert history["train_spread"].min() > 0.9
    assert history["validation_effective_rank"].min() > 5
    assert history["validation_uniformity"].iloc[-1] < -1.5
    assert history["validation_knn_accuracy"].iloc[-1] > 0.8
    assert history["validation_loss"].iloc[-1] < history["validation_loss"].iloc[0] - 0.5


def test_the_embedding_is_that_of_each_object_by_itself(store, model):
    together = contrastive.embed(model[1], store, CPU)
    assert together.shape == (N, 32) and together.dtype == np.float32
    alone = [contrastive.embed(model[1], holding(store, store.x[k : k + 1]), CPU) for k in (0, 77)]
    np.testing.assert_allclose(np.concatenate(alone), together[[0, 77]], rtol=1e-4, atol=1e-5)


def test_a_saved_model_gives_the_same_embedding(store, model, tmp_path):
    write_model(tmp_path / "model.pt", model[1])
    again = contrastive.embed(read_model(tmp_path / "model.pt"), store, CPU)
    np.testing.assert_array_equal(again, contrastive.embed(model[1], store, CPU))


@pytest.mark.parametrize("changes", [{}, SIMSIAM])
def test_labels_change_neither_weights_nor_losses(store, tmp_path, changes):
    samples, rows = few(store)
    first, _ = trained(samples, rows, tmp_path / "a", epochs=2, **changes)
    without = rows.assign(label=None)
    second, _ = trained(samples, without, tmp_path / "b", epochs=2, **changes)
    third, _ = trained(samples, rows, tmp_path / "c", seed=1, epochs=2, **changes)
    assert same(first.last, second.last) and not same(first.last, third.last)
    assert first.best_epoch == second.best_epoch
    shared = first.history.drop(columns="validation_knn_accuracy")
    pd.testing.assert_frame_equal(shared, second.history, check_exact=True)


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("changes", [{}, SIMSIAM])
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(store, tmp_path, changes):
    samples, rows = few(store)
    changes = SETTINGS | changes | {"batch_size": 6}
    whole, _ = trained(samples, rows, tmp_path / "whole", epochs=3, **without_epochs(changes))
    learner = contrastive.build(samples, rows, changes | {"epochs": 3}, 0, CPU)
    options = {"epochs": 3, "patience": 0, "seed": 0, "checkpoint": tmp_path / "stopped"}
    stop_after(learner, 5)
    with pytest.raises(RuntimeError, match="stopped"):
        fit(learner, fabric=Fabric(accelerator="cpu", devices=1), seconds=0, **options)
    again = contrastive.build(samples, rows, changes | {"epochs": 3}, 0, CPU)
    resumed = fit(again, fabric=Fabric(accelerator="cpu", devices=1), **options)
    assert same(whole.last, resumed.last) and same(whole.best, resumed.best)
    pd.testing.assert_frame_equal(whole.history, resumed.history, check_exact=True)


def without_epochs(settings):
    return {name: value for name, value in settings.items() if name != "epochs"}


def stop_after(learner, steps):
    left, step = iter(range(steps)), learner.step

    def counted(*arguments):
        if next(left, None) is None:
            raise RuntimeError("stopped")
        return step(*arguments)

    learner.step = counted


@pytest.mark.parametrize("changes", [{}, SIMSIAM, SIMSIAM | {"channels": ["mask"], "turns": "z"}])
def test_a_last_batch_of_one_can_be_trained(store, tmp_path, changes):
    samples, rows = few(store)
    n = int((rows["split"] == "train").sum())
    fitted, made = trained(samples, rows, tmp_path, epochs=2, batch_size=n - 1, **changes)
    assert np.isfinite(fitted.history.to_numpy(dtype=float)).all()
    assert np.isfinite(contrastive.embed(made, samples, CPU)).all()


@pytest.mark.parametrize("changes", [{"optimizer": "sgd"}, SIMSIAM])
def test_no_step_waits_for_the_device(store, monkeypatch, changes):
    learner = contrastive.build(*few(store), SETTINGS | changes, 0, CPU)
    fabric, generator = Fabric(accelerator="cpu", devices=1), torch.Generator().manual_seed(0)

    def wait(*_):
        raise AssertionError("a value was fetched from the device")

    for name in ("item", "tolist", "cpu", "numpy", "nonzero", "__bool__", "__int__", "__float__"):
        monkeypatch.setattr(torch.Tensor, name, wait)
    learner.step(torch.arange(6), generator, fabric)


def test_training_in_half_precision_stays_close(store):
    losses = []
    for precision in ("32-true", "bf16-mixed"):
        learner = contrastive.build(*few(store), SETTINGS, 0, CPU)
        fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
        generator = torch.Generator().manual_seed(0)
        losses.append(float(learner.step(torch.arange(12), generator, fabric)["loss"]))
    assert losses[1] == pytest.approx(losses[0], rel=0.03) and losses[0] != losses[1]


def test_validation_draws_the_same_views_each_time(store):
    learner = contrastive.build(*few(store), SETTINGS, 0, CPU)
    learner.network.eval()
    with torch.no_grad():
        assert learner.validate() == learner.validate()


def test_a_model_of_the_shape_does_not_see_the_texture(store, tmp_path):
    samples, rows = few(store)
    _, blind = trained(samples, rows, tmp_path, epochs=0, channels=["mask"])
    x = store.x[:30]
    before = contrastive.embed(blind, samples, CPU)
    x[:, 0] //= 2
    np.testing.assert_array_equal(contrastive.embed(blind, holding(store, x), CPU), before)
    x[:, 1] //= 2
    assert np.abs(contrastive.embed(blind, holding(store, x), CPU) - before).max() > 1e-3


@pytest.mark.parametrize("epochs", [3, 20])
def test_learning_rates_rise_to_the_base_rate_and_fall_but_for_the_predictor(store, epochs):
    settings = SETTINGS | SIMSIAM | {"epochs": epochs, "warmup": 0.2, "batch_size": 64}
    learner = contrastive.build(*few(store), settings, 0, CPU)
    optimizer, rates = make_optimizer(learner.network, settings), []
    for epoch in range(epochs):
        set_rates(optimizer, settings, epoch)
        rates.append([group["lr"] for group in optimizer.param_groups])
    first, head = np.array(rates).T
    peak = round(0.2 * epochs)
    assert first.max() == pytest.approx(0.5 * 64 / 256) == head[-1]
    assert (np.diff(first[:peak]) > 0).all() and (np.diff(first[peak:]) < 0).all()
    assert (np.diff(head) >= 0).all() and first[-1] <= first.max() / 2


def test_samples_that_do_not_fit_are_refused(store, model):
    with pytest.raises(InputError, match=r"12 voxels.*trained with 16"):
        contrastive.embed(model[1], holding(store, store.x[:3, :, :12, :12, :12]), CPU)
    alone = objects().assign(split=["validation", *["train"] * (N - 1)])
    with pytest.raises(InputError, match="only 1 of 150 objects"):
        contrastive.build(store, alone, SETTINGS, 0, CPU)
    with pytest.raises(InputError, match="validation"):
        contrastive.build(store, objects().assign(split="train"), SETTINGS, 0, CPU)

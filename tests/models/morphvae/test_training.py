"""MorphVAE's training: losses, units, rates, saving, refusals, fine-tuning."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from model_settings import model_of
from morphoflow.errors import InputError
from morphoflow.models.morphvae import model as morphvae
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit
from plain_training import train, validate
from small_morphvae import CPU, STEPS, as_model, build, decoded_walks, walks


@pytest.mark.parametrize("latent", ["vmf", "gaussian"])
def test_losses_fall(latent):
    learner = build(*walks(24), latent=latent, n_draws=2)
    before = validate(learner)
    train(learner, 25)
    after = validate(learner)
    assert after["reconstruction"] < 0.6 * before["reconstruction"]
    assert after["class"] < 0.6 * before["class"] and after["loss"] < 0.6 * before["loss"]
    assert after["rmse_um"] == pytest.approx(
        learner.facts["scale_um"] * np.sqrt(after["reconstruction"])
    )


def test_scale_is_that_of_the_training_split_and_results_are_in_um():
    samples, objects = walks()
    other = SimpleNamespace(**vars(samples) | {"x": samples.x.copy()})
    other.x[objects["split"] == "validation"] *= 100
    scale = build(samples, objects).facts["scale_um"]
    assert build(other, objects).facts["scale_um"] == scale
    real = (np.arange(STEPS) < samples.length[..., None]) & (np.arange(STEPS) > 0)
    of_train = samples.x[objects["split"] == "train"][real[objects["split"] == "train"]]
    assert scale == pytest.approx(np.sqrt((of_train**2).mean()), rel=1e-6)
    ten = SimpleNamespace(x=10 * samples.x, length=samples.length, ids=samples.ids)
    one, tenfold = (as_model(build(of, objects)) for of in (samples, ten))
    x, length = decoded_walks(one, samples.x, samples.length)
    x_ten, length_ten = decoded_walks(tenfold, ten.x, ten.length)
    np.testing.assert_allclose(x_ten, 10 * x, rtol=1e-3, atol=1e-3)
    assert np.array_equal(length, length_ten)


def test_reconstruction_is_in_the_order_of_the_walks():
    samples, _ = walks()
    model = as_model(build())
    x, length = decoded_walks(model, samples.x, samples.length)
    order = np.random.default_rng(0).permutation(10)
    shuffled = SimpleNamespace(x=samples.x[:, order], length=samples.length[:, order])
    x_shuffled, length_shuffled = decoded_walks(model, shuffled.x, shuffled.length)
    np.testing.assert_allclose(x_shuffled, x[:, order], atol=1e-4)
    assert np.array_equal(length_shuffled, length[:, order])


def test_learning_rate_is_halved_at_its_epochs():
    learner = build(learning_rate=0.4, halve_at=[2, 3])
    rates = []
    for epoch in (3, 0, 1, 2, 4):
        learner.start_epoch(epoch)
        rates.append(learner.optimizer.param_groups[0]["lr"])
    assert rates == [0.1, 0.4, 0.4, 0.2, 0.1]


def test_the_loop_trains_it_and_its_best_weights_embed(tmp_path):
    samples, _ = walks()
    learner = build()
    fabric = make_fabric(gpus=0, precision="32-true", threads=1)
    fitted = fit(learner, epochs=2, patience=0, seed=0, fabric=fabric, checkpoint=tmp_path / "c")
    assert {"train_class", "validation_rmse_um"} <= set(fitted.history)
    model = model_of("morphvae", learner.settings, learner.facts, fitted.best)
    assert np.isfinite(morphvae.embed(model, samples, CPU)).all()


def test_walks_of_another_length_are_refused():
    samples, _ = walks()
    longer = SimpleNamespace(x=np.pad(samples.x, ((0, 0),) * 2 + ((0, 2), (0, 0))))
    with pytest.raises(InputError, match=r"up to 8 steps and the model was trained on 6.*sample"):
        morphvae.embed(as_model(build()), longer, CPU)


def test_a_missing_validation_split_and_walks_that_stay_put_are_refused():
    samples, objects = walks()
    with pytest.raises(InputError, match='none of the 12 objects has split "validation"'):
        build(samples, objects.assign(split="train"))
    still = SimpleNamespace(x=samples.x, length=np.ones_like(samples.length), ids=samples.ids)
    with pytest.raises(InputError, match="no walk of the 10 training neurons leaves the soma"):
        build(still, objects)


def test_fine_tuning_begins_where_another_run_ended_but_for_its_classes():
    samples, objects = walks()
    first = build(samples, objects, seed=1)
    three = objects.assign(label=[*"abc"] * 4)
    second = build(samples, three, seed=2)
    before = {name: value.clone() for name, value in second.state().items()}
    second.start_from(first.state())
    for name, value in second.state().items():
        expected = before if name.startswith("classifier.") else first.state()
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)
    with pytest.raises(InputError, match="same sizes"):
        build(samples, objects, latent_size=5).start_from(first.state())

"""The training of a progressive GAN: augmentation, losses, average, learner, saving, bad input."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from morphoflow.errors import InputError
from morphoflow.models.progressive_gan import model as progressive_gan
from morphoflow.models.progressive_gan import monitor
from morphoflow.models.progressive_gan.augment import Augmentation
from morphoflow.models.progressive_gan.learner import (
    relativistic_critic,
    wasserstein_critic,
)
from morphoflow.models.progressive_gan.timelapse import timelapse
from morphoflow.models.shared.generating import (
    Average,
    as_bytes,
    as_numbers,
    brought_to,
)
from small_progressive_gan import CPU, SETTINGS, Stored, built, crosses, objects
from whole_training import check_images, saved, stopped_and_whole, trained

pytestmark = pytest.mark.usefixtures("deterministic")

VARIANTS = {
    "faithful": {"faithful": True, "augment": "reals", "average_images": 0},
    "relativistic": {"objective": "relativistic", "critic_steps": 2},
}


ON_ANOTHER = {"start_from": "others/progressive_gan/default"}


def mean_difference(real, fake, *, seed):
    return {32: float((real.float().mean() - fake.float().mean()).abs()) / 255}


def fabric():
    return Fabric(accelerator="cpu", devices=1)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_run_that_was_stopped_gives_the_same_bytes(tmp_path, monkeypatch, name):
    # Stands in for a distance that takes most of the time of so short a run.
    monkeypatch.setattr(monitor, "sliced_wasserstein", mean_difference)

    whole = stopped_and_whole(lambda: built(**VARIANTS[name]), tmp_path, 10)
    assert whole.last["timelapse_step"].tolist() == [8, 12, 16]
    frames = whole.last["timelapse"]
    assert frames.shape == (3, 16, 32, 32) and not torch.equal(frames[0], frames[2])


def test_the_critic_is_alone_in_its_step_and_the_generator_in_its_own():
    learner, noise = built(), torch.Generator().manual_seed(0)
    real = as_numbers(learner.images.train[0][:4])
    before = {name: _weights(learner.modules[name]) for name in ("generator", "critic")}
    fake = learner._generated(4, None, noise, fabric())
    learner._train_critic(real, fake.detach(), None, noise, fabric())
    assert all(p.grad is None for p in learner.generator.parameters())
    assert torch.equal(before["generator"], _weights(learner.generator))
    trained_critic = _weights(learner.critic)
    assert not torch.equal(before["critic"], trained_critic)
    learner.optimizers["critic"].zero_grad()
    learner._train_generator(real, fake, None, noise, fabric())
    assert all(p.grad is None for p in learner.critic.parameters())
    assert torch.equal(trained_critic, _weights(learner.critic))
    assert not torch.equal(before["generator"], _weights(learner.generator))


def _weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


@pytest.mark.parametrize(("augment", "seen"), [("both", 2), ("reals", 1), ("none", 0)])
def test_generated_images_are_augmented_as_the_real_ones_are(augment, seen):
    learner, noise = built(augment=augment), torch.Generator().manual_seed(0)
    calls = []

    class Grey(Augmentation):
        def __call__(self, x, generator):
            calls.append(len(x))
            return torch.zeros_like(x)

    learner.augmentation = Grey(learner.settings)
    real = as_numbers(learner.images.train[0][:4])
    gap = learner._train_critic(real, -real, None, noise, fabric())["gap"].detach()
    assert len(calls) == seen
    assert (float(gap) == 0) == (augment == "both")


def test_gradients_come_through_the_augmentation_and_none_of_it_moves_at_probability_0():
    x = torch.rand(6, 1, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x = (2 * x - 1).float().requires_grad_()
    still = Augmentation(SETTINGS | {"augment_probability": 0.0})
    assert torch.equal(still(x, torch.Generator()), x)
    always = Augmentation(SETTINGS | {"augment_probability": 1.0})
    y = always(x, torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(y[:, :, 4:12, 4:12].sum(), x)
    assert torch.isfinite(gradient).all() and (gradient.abs().sum((1, 2, 3)) > 1).all()
    again = always(x, torch.Generator().manual_seed(0))
    assert torch.equal(y, again) and not torch.equal(y[0], y[1])


def test_a_critic_of_slope_one_has_no_penalty_and_a_constant_one_no_r1():
    noise = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 5, 1, 8, 8, generator=noise)
    way = torch.nn.functional.normalize(torch.randn(64, generator=noise), dim=0)
    sloped = wasserstein_critic(lambda x: x.flatten(1) @ way, real, fake, torch.rand(5), SETTINGS)
    assert float(sloped["penalty"]) < 1e-9
    steep = wasserstein_critic(
        lambda x: 3 * x.flatten(1) @ way, real, fake, torch.rand(5), SETTINGS
    )
    assert float(steep["penalty"]) == pytest.approx(10 * 4, rel=1e-5)
    constant = relativistic_critic(lambda x: 0 * x.sum((1, 2, 3)), real, fake, SETTINGS)
    assert float(constant["penalty"].detach()) == 0
    assert float(constant["loss"].detach()) == pytest.approx(np.log(2))
    double = relativistic_critic(lambda x: 2 * x.flatten(1) @ way, real, fake, SETTINGS)
    assert float(double["penalty"]) == pytest.approx(0.5 * (4 + 4), rel=1e-5)


def test_the_average_forgets_half_in_a_half_life():
    network = torch.nn.Linear(3, 2)
    average, followed = Average(network, 100), Average(network, 0)
    first = _weights(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    for images in range(0, 100, 10):
        average.update(network, 10, shown=10_000 + images)
    assert torch.allclose(_weights(average.network), first + 0.5, atol=1e-5)
    followed.update(network, 10, shown=0)
    assert torch.equal(_weights(followed.network), _weights(network))


def test_training_brings_the_images_nearer_to_those_held_back(tmp_path):
    settings = {"epochs": 3, "epoch_images": 160, "widths": [16], "average_images": 40}
    learner = built(crosses(40, 16), **settings, augment="none")
    with torch.no_grad():
        before = learner.validate()["loss"]
    history = trained(learner, tmp_path, 3).history
    assert history["validation_loss"].iloc[-1] < 0.8 * before


def test_a_saved_model_generates_embeds_and_starts_another(tmp_path):
    x = crosses()
    learner = built(x)
    fitted = trained(learner, tmp_path, 4)
    model = saved("progressive_gan", learner, fitted.last)
    check_images(progressive_gan, model, x, {}, Stored)
    assert progressive_gan.embed(model, Stored(x), CPU).shape == (20, SETTINGS["widths"][0])
    other = built(learning_rate=1e-3, **ON_ANOTHER)
    other.start_from(fitted.last)
    assert all(torch.equal(other.state()[k], v) for k, v in fitted.last.items() if "." in k)
    with pytest.raises(InputError, match="start_from"):
        built(widths=[8, 4], **ON_ANOTHER).start_from(fitted.last)
    with pytest.raises(InputError, match="64 pixels wide"):
        progressive_gan.embed(model, Stored(crosses(4, 64)), CPU)


def test_what_starts_from_another_goes_on_at_the_size_that_this_had(tmp_path):
    small, large = crosses(size=16), crosses(size=64)
    first = built(small, widths=[8])
    fitted = trained(first, tmp_path / "first", 2)
    again = built(small, widths=[8], epochs=1, **ON_ANOTHER)
    again.start_from(fitted.last)
    assert set(trained(again, tmp_path / "again", 1).history["validation_size"]) == {16}
    larger = built(large, epochs=6, timelapse_frames=6, **ON_ANOTHER)
    larger.start_from(fitted.last)
    untouched = built(large).state()
    for key, value in larger.state().items():
        if "." in key:
            torch.testing.assert_close(value, fitted.last.get(key, untouched[key]))
    fitted = trained(larger, tmp_path / "larger", 6)
    assert list(fitted.history["validation_size"]) == [16, 16, 32, 32, 64, 64]
    model = saved("progressive_gan", larger, fitted.last)
    assert list(timelapse(model).size) == [16, 16, 32, 32, 64, 64]
    # Fewer epochs than stages: none is grown through again.
    short = built(large, epochs=1, **ON_ANOTHER)
    short.start_from(fitted.last)
    assert short.schedule.size(0) == 64
    with pytest.raises(InputError, match="same size or smaller"):
        built(small, **ON_ANOTHER).start_from(fitted.last)


def test_bytes_and_sizes_go_there_and_back():
    x = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(as_bytes(as_numbers(x)), x)
    assert torch.equal(as_bytes(brought_to(brought_to(as_numbers(x), 64), 16)), x)


def test_images_that_cannot_be_learned_from_are_refused():
    for x, changes, words in [
        (crosses(20, 48), {}, "doubling"),
        (np.repeat(crosses(), 3, 1), {}, "3 x 32 x 32"),
        (crosses(), {"batch_size": 17}, "16 training images and `batch_size` is 17"),
        (crosses(), {"widths": [8]}, "`widths` has 1"),
        (crosses(), {"epochs": 1}, "epochs is 1"),
    ]:
        with pytest.raises(InputError, match=words):
            built(x, **changes)
    with pytest.raises(InputError, match="validation"):
        table = objects().assign(split="train")
        progressive_gan.build(Stored(crosses()), table, SETTINGS, 0, CPU)

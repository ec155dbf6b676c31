"""The training of a flow: motions, a stopped run, labels, saving, bad input."""

from collections import deque

import numpy as np
import pytest
import torch

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.integrity import open_store
from morphoflow.model import write_model
from morphoflow.models.flow import model as flow
from morphoflow.models.flow.learner import moved, rolled
from morphoflow.models.flow.model import FILMED, greys_of, shares
from morphoflow.models.flow.sampling import away, chosen, drawn_numbers, points
from morphoflow.models.flow.timelapse import timelapse
from morphoflow.models.shared.generating import part
from morphoflow.training.start import labels_seen
from small_flow import MADE, SETTINGS, built, objects
from small_progressive_gan import CPU, Stored, crosses
from whole_training import check_images, saved, stopped_and_whole, trained

pytestmark = pytest.mark.usefixtures("deterministic")

ON_ANOTHER = {"start_from": "others/flow/default"}


def test_motions_move_pixels_and_change_none():
    x = torch.arange(64.0).view(1, 1, 8, 8).expand(200, 1, 8, 8)
    y = moved(x, torch.Generator().manual_seed(0))
    assert torch.equal(y.flatten(1).sort(1).values, x.flatten(1))
    # The corner comes to all four corners, and both neighbours of it lie to either side.
    assert len({tuple(image.flatten().tolist()) for image in y}) == 8
    again = moved(x, torch.Generator().manual_seed(0))
    assert torch.equal(y, again)


def test_each_image_is_shifted_by_its_own_way_in_a_circle():
    x = torch.rand(3, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    for axis in (2, 3):
        y = rolled(x, torch.tensor([0, 2, -1]), axis)
        for image, other, shift in zip(x, y, (0, 2, -1), strict=True):
            assert torch.equal(other, image.roll(shift, axis - 1))


@pytest.mark.parametrize("changes", [{}, {"label_fraction": 0.5}])
def test_a_run_that_was_stopped_gives_the_same_bytes(tmp_path, changes):
    whole = stopped_and_whole(lambda: built(**changes), tmp_path, 10)
    assert whole.last["timelapse_step"].tolist() == [8, 12, 16]


def test_training_lowers_the_loss_on_images_held_back(tmp_path):
    """Below that of the best prediction from each pixel alone, which an untrained network gives."""
    learner = built(crosses(40, 16), epochs=2, epoch_images=160, average_images=40)
    with torch.no_grad():
        before = learner.validate()["loss"]
    history = trained(learner, tmp_path).history
    assert history["validation_loss"].iloc[-1] < 0.9 * before


def test_a_saved_model_generates_embeds_and_starts_another(tmp_path):
    x = crosses()
    learner = built(x)
    fitted = trained(learner, tmp_path)
    model = saved("flow", learner, fitted.last)
    check_images(flow, model, x, MADE, Stored)
    z = flow.latents(5, learner.facts["latent_size"], 3, CPU)
    way = flow.ways(model, z, MADE, CPU)
    assert way.shape == (FILMED + 1, 5, 32, 32) and way.dtype == np.uint8
    noise = z.view(5, 32, 32)
    assert np.array_equal(way[0] > 127, noise.numpy() > 0)
    assert flow.embed(model, Stored(x), CPU).shape == (20, SETTINGS["widths"][-1])
    assert timelapse(model).size.tolist() == [32, 32, 32]
    other = built(**ON_ANOTHER)
    other.start_from(fitted.last)
    state = other.state()
    assert all(torch.equal(state[k], v) for k, v in fitted.last.items() if k.startswith("network."))
    larger = built(crosses(size=64), **ON_ANOTHER)
    larger.start_from(fitted.last)
    with pytest.raises(InputError, match="64 pixels wide"):
        flow.embed(model, Stored(crosses(4, 64)), CPU)


def moved_weights(network):
    """The network with other weights, as those at the start predict the same for any class."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network


def test_equal_latents_give_equal_images():
    learner = built(label_fraction=1, epochs=0)
    moved_weights(learner.average.network)
    model = saved("flow", learner)
    z = flow.latents(4, learner.facts["latent_size"], 0, CPU)
    assert np.array_equal(flow.generate(model, z, MADE, CPU), flow.generate(model, z, MADE, CPU))


def test_guidance_moves_along_the_line_from_the_worse_to_the_better_prediction():
    better, worse = (lambda z, time, x=x: torch.full_like(z, x) for x in (3.0, 1.0))
    z, time = torch.zeros(2, 1, 4, 4), torch.rand(2)
    assert away(better, worse, 1) is better
    for weight, expected in ((0, 1.0), (1.5, 4.0), (2, 5.0)):
        assert torch.equal(away(better, worse, weight)(z, time), torch.full_like(z, expected))


def test_images_are_moved_away_from_any_class_and_from_early_weights():
    learner = built(label_fraction=1, epochs=0)
    network = moved_weights(learner.average.network)
    early = flow.load(saved("flow", learner), CPU)
    early.leave.weight.mul_(0.5)
    z = flow.latents(4, learner.facts["latent_size"], 0, CPU)

    def end(early=None, **changes):
        return deque(points(network, z, learner.facts, MADE | changes, early), maxlen=1).pop()

    plain = end()
    assert torch.equal(end(early, autoguidance=1), plain)
    assert not torch.equal(end(early), plain) and not torch.equal(end(guidance=3), plain)
    # One step: the end is the prediction, which lies as far beyond as the weight says.
    one = {"steps": 1, "guidance": 3}
    good, bad = end(**one), end(early, **one, autoguidance=0)
    torch.testing.assert_close(end(early, **one, autoguidance=2), 2 * good - bad)


def test_the_average_is_kept_as_it_was_early(tmp_path):
    whole = trained(built(early=0.5), tmp_path / "whole").last
    half = trained(built(early=0.5), tmp_path / "half", epochs=SETTINGS["epochs"] // 2).last
    early, then = part(whole, "early"), part(half, "network")
    assert all(torch.equal(early[name], x) for name, x in then.items())
    none = trained(built(early=0), tmp_path / "none").last
    assert not part(none, "early") and all(torch.equal(whole[name], x) for name, x in none.items())


def test_classes_are_drawn_with_their_shares_and_are_those_of_known_labels():
    known = shares(np.array([1, 0, -1, 0, 0]), ["a", "b"])
    assert known == {"a": 0.75, "b": 0.25}
    assert shares(np.array([-1, -1]), ["a", "b"]) == {}
    draws = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    made = drawn_numbers(draws, known)
    assert (made == 0).float().mean() == pytest.approx(0.75, abs=0.03)
    assert chosen(torch.tensor([1, -1]), 2).tolist() == [[0, 1], [0, 0]]
    learner = built(label_fraction=1)
    numbers = learner.train.classes.tolist()
    rows = objects()[objects()["split"] == "train"]
    assert numbers == [{"a": 0, "b": 1}.get(label, -1) for label in rows["label"]]
    model, of_none = saved("flow", learner), saved("flow", built())
    z = flow.latents(50, learner.facts["latent_size"], 0, CPU)
    shares_made = drawn_numbers(z[:, -1], learner.facts["classes"])
    assert flow.classes_of(model, z) == ["ab"[k] for k in shares_made.tolist()]
    assert of_none.facts["classes"] == {} and flow.classes_of(of_none, z) is None


def test_greys_are_the_mean_and_deviation_of_the_numbers_and_are_kept_with_the_model():
    images = torch.tensor([0, 255, 255, 255], dtype=torch.uint8).view(1, 1, 2, 2)
    torch.testing.assert_close(greys_of(images), torch.tensor([0.5, 0.75**0.5]))
    # Equal pixels have no deviation to divide by.
    assert greys_of(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))[1] > 0
    learner = built()
    greys = greys_of(learner.train.images)
    assert torch.equal(learner.network.greys, greys)
    assert torch.equal(flow.load(saved("flow", learner), CPU).greys, greys)


def test_labels_count_as_seen_where_images_are_made_for_them():
    rows = objects()
    assert labels_seen(rows, SETTINGS, []) == []
    seen = labels_seen(rows, settings("flow", "of_classes"), [])
    assert seen == sorted(rows["id"][rows["label"].notna()])


def test_images_that_cannot_be_learned_from_are_refused():
    for x, changes, words in [
        (crosses(20, 40), {"widths": [8, 8, 8, 8, 8]}, "multiple of 80 pixels"),
        (np.repeat(crosses(), 3, 1), {}, "3 x 32 x 32"),
    ]:
        with pytest.raises(InputError, match=words):
            built(x, **changes)
    with pytest.raises(InputError, match="validation"):
        table = objects().assign(split="train")
        flow.build(Stored(crosses()), table, SETTINGS, 0, CPU)


def test_ways_are_filmed_with_equal_bytes(tmp_path, monkeypatch):
    import film_ways

    monkeypatch.setattr(film_ways, "provenance", lambda **_: {})
    write_model(tmp_path / "model.pt", saved("flow", built(epochs=0)))
    for name in ("first", "second"):
        movies = [tmp_path / f"{name}.{kind}" for kind in ("gif", "mp4")]
        flags = {"model": tmp_path / "model.pt", "settings": {**MADE, "seed": 1}, "movies": movies}
        film_ways.main(**flags, output=tmp_path / f"{name}.zarr", gpus=0, threads=1)
    ways = open_store(tmp_path / "first.zarr")["x"][:]
    assert ways.shape == (FILMED + 1, film_ways.SHOWN, 32, 32)
    for kind in ("gif", "mp4"):
        first, second = (tmp_path / f"{name}.{kind}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()

"""The autoencoders of cells: invariance, alignment in the loss, training, saving, shapes."""

import numpy as np
import pytest
import torch
import zarr
from lightning_fabric import Fabric

from model_settings import model_of, settings
from morphoflow.cells.registration.brute import disc
from morphoflow.errors import InputError
from morphoflow.images.rotate import transform
from morphoflow.model import read_model, write_model
from morphoflow.models.o2vae import model as o2vae
from morphoflow.models.o2vae.learner import pixel_loss, target
from morphoflow.models.o2vae.model import reconstructions
from morphoflow.models.shared.latent import lines
from morphoflow.store import read_samples, write_samples
from morphoflow.training.loop import fit
from small_o2vae import CPU, SETTINGS, SMALL, N, objects
from synthetic_cells import ellipse_crops

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("cells") / "crops.zarr"
    x = ellipse_crops(N, 32, 2)[0]
    ids = [f"c{i}" for i in range(N)]
    axes = ["object", "channel", "y", "x"]
    write_samples(path, ids, x, axes=axes, units="intensity", provenance={})
    return read_samples(path)


def trained(store, tmp_path, settings=SETTINGS, epochs=40):
    learner = o2vae.build(store, objects(), settings, 0, CPU)
    fabric = Fabric(accelerator="cpu", devices=1)
    fitted = fit(
        learner, epochs=epochs, patience=0, seed=0, fabric=fabric, checkpoint=tmp_path / "check"
    )
    return fitted, model_of("o2vae", settings, learner.facts, fitted.best)


@pytest.fixture(scope="module")
def model(store, tmp_path_factory):
    return trained(store, tmp_path_factory.mktemp("trained"))


def moved(store, change):
    x = torch.from_numpy(store.x[:])
    array = zarr.array(change(x).numpy())
    return o2vae.Samples(array, store.ids, None, None, None, store.attributes)


def test_training_beats_the_mean_cell_turned_to_fit(store, model):
    history = model[0].history
    x = torch.from_numpy(store.x[:])
    mean = x[objects()["split"] == "train"].mean(0, keepdim=True).clamp(1e-4, 1 - 1e-4)
    held = x[objects()["split"] == "validation"]
    logits = mean.logit().expand(len(held), -1, -1, -1)
    baseline = pixel_loss(logits, target(held, logits, SETTINGS), "bce", None).mean()
    assert history["validation_reconstruction"].min() < 0.9 * float(baseline)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_or_flipped_cell_has_the_same_embedding(store, model, quarters):
    before = o2vae.embed(model[1], store, CPU)
    after = o2vae.embed(model[1], moved(store, lambda x: x.flip(-1).rot90(quarters, (-2, -1))), CPU)
    shift = np.linalg.norm(after - before, axis=1) / np.linalg.norm(before, axis=1)
    assert shift.max() <= 1e-5


def test_the_plain_encoder_is_not_invariant(store, tmp_path):
    _, plain = trained(store, tmp_path, settings("vae", "as_they_lie", **SMALL), epochs=1)
    before = o2vae.embed(plain, store, CPU)
    after = o2vae.embed(plain, moved(store, lambda x: x.rot90(1, (-2, -1))), CPU)
    assert (
        np.linalg.norm(after - before, axis=1).mean() > 0.01 * np.linalg.norm(before, axis=1).mean()
    )


def test_the_embedding_has_the_rank_that_its_size_claims(store, model):
    x = o2vae.embed(model[1], store, CPU).astype(np.float64)
    singular = np.linalg.svd(x - x.mean(0), compute_uv=False)
    assert singular[-1] > 1e-3 * singular[0] and x.shape == (N, SETTINGS["latent_size"])


def test_a_saved_model_gives_the_same_embedding(store, model, tmp_path):
    write_model(tmp_path / "model.pt", model[1])
    again = o2vae.embed(read_model(tmp_path / "model.pt"), store, CPU)
    np.testing.assert_array_equal(again, o2vae.embed(model[1], store, CPU))


@pytest.mark.parametrize("align", ["fourier", "brute"])
@pytest.mark.parametrize("background", [0.0, 0.1, 0.3])
def test_a_perfect_reconstruction_costs_the_same_in_any_pose(align, background):
    x = torch.from_numpy(ellipse_crops(8, 48)[0]) * (0.9 - background) + background
    aligned = SETTINGS | {"align": align}
    costs = []
    for angle in (0.0, 35.0, 90.0, 230.0):
        angles = torch.full((8,), angle)
        decoded = transform(x, angles, angles > 100, mode="bicubic").clamp(1e-4, 1 - 1e-4)
        wanted = target(x, decoded.logit(), aligned)
        costs.append(pixel_loss(decoded.logit(), wanted, "mse", None))
    spread = torch.stack(costs).max(0).values
    unaligned = pixel_loss(x.clamp(1e-4, 1 - 1e-4).logit(), x.rot90(1, (-2, -1)), "mse", None)
    assert float(spread.max()) < 0.05 * float(unaligned.mean())


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "mse", "mask": "disc", "augment": "rotations"},
        {"prior": "normal", "align": "brute", "step_degrees": 45},
        {"prior": "mixture", "beta": 0.1},
        {"contrast_weight": 0.5, "warp_strength": 0.05, "precision": "bf16-mixed"},
        {"encoder": "dihedral", "group_order": 4, "group_fields": [2, 6], "bands": 3},
        {"encoder": "o2", "fields": [4, 4, 4, 4, 4, 8], "pooling": "max", "batch_size": 36},
    ],
)
def test_every_choice_trains_and_embeds(store, tmp_path, changes):
    fitted, made = trained(store, tmp_path, SETTINGS | changes, epochs=2)
    assert np.isfinite(fitted.history["train_loss"]).all()
    assert o2vae.embed(made, store, CPU).shape == (N, SETTINGS["latent_size"])


@pytest.mark.parametrize("kind", ["bce", "mse"])
def test_an_image_loses_nothing_to_itself_and_something_to_any_other(kind):
    x = 0.05 + 0.9 * torch.from_numpy(ellipse_crops(4, 16)[0])
    own = pixel_loss(x.logit(), x, kind, None)
    torch.testing.assert_close(own, torch.zeros(4), atol=1e-4, rtol=0)
    assert (pixel_loss(x.logit(), x.roll(1, 0), kind, None) > 0.1).all()
    plain = torch.tensor([[[[0.0, 1.0]]]])  # where there is no own entropy to take away
    assert pixel_loss(torch.full_like(plain, 30.0), plain, "bce", None) == pytest.approx(30)


def test_the_disc_hides_the_corners_alone():
    logits, wanted = torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    seen = disc(16).float()
    whole, inner = (pixel_loss(logits, wanted, "mse", mask) for mask in (None, seen))
    assert float(whole) == pytest.approx(64) and float(inner) == pytest.approx(seen.sum() / 4)
    assert seen[0, 0] == 0 and seen[8, 1] == 1


def test_uncertainty_is_larger_for_noise_than_for_cells(store, model):
    noise = torch.rand(N, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    x, cells = o2vae.embed_with_uncertainty(model[1], store, CPU)
    _, strange = o2vae.embed_with_uncertainty(model[1], moved(store, lambda x: noise), CPU)
    np.testing.assert_array_equal(x, o2vae.embed(model[1], store, CPU))
    assert np.median(strange["reconstruction_error"]) > 3 * np.median(cells["reconstruction_error"])
    assert (cells["posterior_sd"] > 0).all() and cells["posterior_sd"].shape == (N,)


def test_a_batch_of_one_can_be_trained(store, tmp_path):
    trained(store, tmp_path, SETTINGS | {"batch_size": 35}, epochs=1)


def test_aligned_reconstructions_lie_on_their_originals(store, model):
    network = o2vae.load(model[1], CPU)
    made = reconstructions(network, torch.from_numpy(store.x[:]), SETTINGS)
    turned, apart = made["aligned"] - made["original"], made["decoded"] - made["original"]
    assert np.square(turned).mean() < 0.7 * np.square(apart).mean()
    again = np.sqrt(np.square(turned).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(made["error"], again, rtol=1e-4)


def test_lines_run_through_the_object_nearest_to_the_mean_and_between_the_farthest_objects():
    x = np.random.default_rng(0).normal(size=(50, 4)) * [4, 2, 1, 0.5]
    way = lines(x)
    nearest = x[np.linalg.norm(x - x.mean(0), axis=1).argmin()]
    np.testing.assert_allclose(way.along[:, 3], np.tile(nearest, (4, 1)))
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(way.along[0], axis=0), axis=1), x[:, 0].std(), rtol=0.1
    )
    assert way.share[0] > way.share[1] and way.share.sum() == pytest.approx(1)
    np.testing.assert_allclose(way.between[:, 0], x[way.ends[:, 0]])
    np.testing.assert_allclose(way.between[:, -1], x[way.ends[:, 1]])


def test_crops_of_another_kind_are_refused(store, model):
    other = moved(store, lambda x: x[:, :1])
    with pytest.raises(InputError, match=r"channels 1.*trained with 2"):
        o2vae.embed(model[1], other, CPU)
    with pytest.raises(InputError, match="validation"):
        o2vae.build(store, objects().assign(split="train"), SETTINGS, 0, CPU)


def test_steps_bring_images_and_their_warped_copies_together(store):
    learner = o2vae.build(store, objects(), SETTINGS | {"contrast_weight": 0.5}, 0, CPU)
    generator, found = torch.Generator().manual_seed(0), []
    for _ in range(12):
        losses = learner.losses(learner.train[:16], generator)
        learner.optimizer.zero_grad()
        losses["loss"].backward()
        learner.optimizer.step()
        found.append(float(losses["contrast"].detach()))
    assert found[-1] < 0.8 * found[0]


def test_without_contrast_nothing_is_projected_and_the_loss_is_the_bound(store):
    plain, contrasted = (
        o2vae.build(store, objects(), SETTINGS | {"contrast_weight": w}, 0, CPU) for w in (0, 0.5)
    )
    assert plain.network.projector is None and plain.state().keys() < contrasted.state().keys()
    x = plain.train[:8]
    for learner in (plain, contrasted):
        learner.network.eval()
    bound = plain.losses(x, torch.Generator().manual_seed(0))
    assert "contrast" not in bound
    terms = contrasted.losses(x, torch.Generator().manual_seed(0))
    rest = terms["loss"] - 0.5 * x[0].numel() * terms["contrast"]
    own = terms["reconstruction"] + SETTINGS["beta"] * terms["divergence"]
    torch.testing.assert_close(rest, own, rtol=1e-4, atol=1e-2)

"""The autoencoder of point clouds: training, what does not count, saving, resuming, bad input."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from model_settings import model_of
from morphoflow.errors import InputError
from morphoflow.model import read_model, write_model
from morphoflow.models.point_ae import model as point_ae
from morphoflow.models.point_ae.learner import relative_chamfer
from morphoflow.models.point_ae.model import decode, reconstruct
from morphoflow.models.point_ae.network import PointAutoencoder
from morphoflow.store import read_samples, write_samples
from morphoflow.training.loop import fit
from small_point_ae import CPU, SETTINGS, K, N, objects, rotations, samples, shapes
from whole_training import stopped_and_whole

pytestmark = pytest.mark.usefixtures("deterministic")

ENCODERS = ["rotation_invariant", "dgcnn", "pointnet"]


def trained(x, tmp_path, epochs=25, **changes):
    settings = SETTINGS | changes
    learner = point_ae.build(samples(x), objects(len(x)), settings, 0, CPU)
    fabric = Fabric(accelerator="cpu", devices=1)
    fitted = fit(learner, epochs=epochs, patience=0, seed=0, fabric=fabric, checkpoint=tmp_path)
    return fitted, model_of("point_ae", settings, learner.facts, fitted.best)


@pytest.fixture(scope="module")
def invariant(tmp_path_factory):
    return trained(shapes(), tmp_path_factory.mktemp("trained"))


def untrained(encoder):
    settings = SETTINGS | {"encoder": encoder}
    state = PointAutoencoder(settings, torch.Generator().manual_seed(0)).state_dict()
    return model_of("point_ae", settings, {"unit": 200.0}, state)


def change(before, after):
    return np.linalg.norm(after - before, axis=1) / np.linalg.norm(before, axis=1)


def test_training_beats_the_medoid_the_sphere_and_another_objects_latent(invariant):
    last = invariant[0].history.iloc[-1]
    assert last["validation_over_medoid"] < 0.35
    assert last["validation_over_sphere"] < 0.35
    assert last["validation_over_permuted"] < 0.35
    assert invariant[0].history["validation_over_medoid"].iloc[0] > 0.5


@pytest.mark.parametrize("encoder", ["dgcnn", "pointnet"])
def test_encoders_that_see_the_pose_learn_shapes_that_lie_alike(tmp_path, encoder):
    x = shapes(turned=False)
    history = trained(x, tmp_path, epochs=15, encoder=encoder, decoder="folding")[0].history
    assert history["validation_over_medoid"].iloc[-1] < 0.5
    assert history["validation_over_permuted"].iloc[-1] < 0.5


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_order_of_the_points_does_not_count(encoder):
    x, model = shapes(12), untrained(encoder)
    order = np.random.default_rng(0).permutation(K)
    before = point_ae.embed(model, samples(x), CPU)
    after = point_ae.embed(model, samples(x[:, order]), CPU)
    assert change(before, after).max() <= 1e-5
    assert np.linalg.norm(before[:1] - before[1:], axis=1).min() > 1e-3 * np.abs(before).max()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_neither_the_place_nor_the_other_clouds_count(encoder):
    x, model = shapes(70), untrained(encoder)
    before = point_ae.embed(model, samples(x), CPU)
    moved = point_ae.embed(model, samples(x[:2] + np.float32(50)), CPU)
    alone = point_ae.embed(model, samples(x[66:67]), CPU)
    assert change(before[:2], moved).max() <= 1e-4
    assert change(before[66:67], alone).max() <= 1e-5
    assert before.dtype == np.float32 and before.shape == (70, SETTINGS["latent_size"])


def test_a_turned_or_mirrored_cloud_has_the_same_embedding(invariant):
    x, model = shapes(), invariant[1]
    before = point_ae.embed(model, samples(x), CPU)
    for seed in range(3):
        turned = (x.astype(np.float64) @ rotations(N, seed)).astype(np.float32)
        assert change(before, point_ae.embed(model, samples(turned), CPU)).max() <= 1e-5


@pytest.mark.parametrize("encoder", ["dgcnn", "pointnet"])
def test_the_other_encoders_see_a_turn(encoder):
    x, model = shapes(), untrained(encoder)
    before = point_ae.embed(model, samples(x), CPU)
    after = point_ae.embed(model, samples((x @ rotations(N, 3)).astype(np.float32)), CPU)
    assert change(before, after).mean() > 0.01


def test_more_points_of_the_same_surface_change_the_embedding_less_than_another_object(invariant):
    coarse, fine = (shapes(30, k, seed=5, turned=False) for k in (256, 1024))
    sizes = np.sqrt(np.square(fine).sum(2).mean(1) / np.square(coarse).sum(2).mean(1))
    fine = (fine / sizes[:, None, None]).astype(np.float32)
    a, b = (point_ae.embed(invariant[1], samples(x), CPU) for x in (coarse, fine))
    same = np.linalg.norm(a - b, axis=1)
    others = np.linalg.norm(a[:, None] - a[None, np.roll(np.arange(30), 1)], axis=2)
    assert np.median(same) < 0.25 * np.median(others)


def test_the_size_of_an_object_stays_in_its_embedding_and_its_cloud(invariant):
    x, model = shapes(), invariant[1]
    radius = np.sqrt(np.square(x - x.mean(1, keepdims=True)).sum(2).mean(1))
    decoded = reconstruct(model, samples(x), np.arange(N), CPU)["decoded"]
    found = np.sqrt(np.square(decoded).sum(2).mean(1))
    assert np.corrcoef(np.log(radius), np.log(found))[0, 1] > 0.9
    latent = point_ae.embed(model, samples(np.concatenate([x[:1], 2 * x[:1]])), CPU)
    assert np.linalg.norm(latent[1] - latent[0]) > 0.1 * np.linalg.norm(latent[0])


def test_clouds_of_unit_size_with_their_scale_are_measured_in_nm(invariant):
    x, scale = shapes(), np.linspace(0.5, 2, N).astype(np.float32)
    in_nm, scaled = samples(x), samples(x, scale=scale)
    _, first = point_ae.embed_with_uncertainty(invariant[1], in_nm, CPU)
    _, second = point_ae.embed_with_uncertainty(invariant[1], scaled, CPU)
    name = "reconstruction_error_nm"
    np.testing.assert_allclose(second[name], first[name] * scale, rtol=1e-5)
    np.testing.assert_allclose(second["reconstruction_error"], first["reconstruction_error"])


def test_a_reconstruction_collapsed_to_one_point_is_worse_than_a_sphere(invariant):
    x = torch.from_numpy(shapes(12))
    x = x - x.mean(1, keepdim=True)
    collapsed, _ = relative_chamfer(x[:, :1].expand(-1, 96, -1), x)
    assert float(collapsed.min()) >= 1
    assert invariant[0].history["validation_loss"].iloc[-1] < 0.2


def test_a_run_that_was_stopped_gives_the_same_bytes(tmp_path):
    def make():
        return point_ae.build(samples(shapes(20)), objects(20), SETTINGS, 0, CPU)

    stopped_and_whole(make, tmp_path, 3, epochs=4)


def test_a_saved_model_embeds_alike_and_reads_a_written_store(invariant, tmp_path):
    x, axes = shapes(), ["object", "point", "x y z"]
    store = samples(x)
    write_samples(tmp_path / "points.zarr", store.ids, x, axes=axes, units="nm", provenance={})
    write_model(tmp_path / "model.pt", invariant[1])
    again, _ = point_ae.embed_with_uncertainty(
        read_model(tmp_path / "model.pt"), read_samples(tmp_path / "points.zarr"), CPU
    )
    np.testing.assert_array_equal(again, point_ae.embed(invariant[1], store, CPU))


def test_reconstructions_lie_on_their_originals_and_are_those_of_the_latent(invariant):
    model, store = invariant[1], samples(shapes())
    made = reconstruct(model, store, np.arange(12), CPU)
    original, aligned = (torch.from_numpy(made[name]) for name in ("original", "aligned"))
    share, distance = relative_chamfer(aligned, original)
    np.testing.assert_allclose(share, made["error"], rtol=1e-3)
    np.testing.assert_allclose(distance, made["error_nm"], rtol=1e-3)
    x = point_ae.embed(model, store, CPU)
    decoded = decode(model, x[:12].reshape(3, 4, -1), CPU)
    assert decoded.shape == (3, 4, SETTINGS["decoded_points"], 3)
    np.testing.assert_allclose(decoded.reshape(made["decoded"].shape), made["decoded"], atol=0.01)


def test_pictures_show_the_cloud_and_its_reconstruction(invariant):
    made = point_ae.reconstruct_pictures(invariant[1], samples(shapes()), np.array([4, 2]), CPU)
    assert made["original"].shape == made["decoded"].shape == (2, 1, 96, 96)
    lit = [made[name] > 0 for name in ("original", "decoded")]
    assert (lit[0] & lit[1]).sum() > 0.5 * (lit[0] | lit[1]).sum()


def test_clouds_that_cannot_be_used_are_refused():
    x = shapes(10)
    table = objects(10)
    flat, far = x.copy(), x.copy()
    flat[3], far[4, 0, 0] = 5.0, np.inf
    micrometres = samples(x)
    micrometres.attributes["units"] = "um"
    dense = SETTINGS | {"encoder": "dgcnn", "neighbours": K}
    for store, settings, words in [
        (samples(x[..., :2]), SETTINGS, "shape"),
        (samples(flat), SETTINGS, "'o3'"),
        (samples(far), SETTINGS, "'o4'|'o5'"),
        (micrometres, SETTINGS, "units of 'um'"),
        (samples(x), dense, "`neighbours` is 128"),
    ]:
        with pytest.raises(InputError, match=words):
            point_ae.build(
                store, table.assign(split=table["split"].replace("test", "train")), settings, 0, CPU
            )
    with pytest.raises(InputError, match="validation"):
        point_ae.build(samples(x), table.assign(split="train"), SETTINGS, 0, CPU)

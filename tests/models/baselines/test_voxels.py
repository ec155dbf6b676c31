"""The principal components of masks: what they are of, and what they refuse."""

import numpy as np
import pytest

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.models.baselines import voxels
from small_baselines import CPU, fitted
from small_volume_vae import blobs_and_rods, store

CHOSEN = settings("voxels", side=8, components=5)


def test_scores_give_back_the_coarse_masks_as_well_as_five_numbers_can():
    samples = store(blobs_and_rods())
    model = fitted(voxels, samples, 30, CHOSEN)
    z = voxels.embed(model, samples, CPU)
    assert z.shape == (48, 5)
    masks = samples.x[:][:, 1].reshape(48, 8, 2, 8, 2, 8, 2).mean((2, 4, 6)).reshape(48, -1) / 255
    state = {name: value.numpy() for name, value in model.state.items()}
    back = z @ state["components"] + state["mean"]
    error = np.square(back - masks)[:30].mean() / masks[:30].var(0).mean()
    assert error == pytest.approx(1 - sum(model.facts["explained_variance"]), abs=1e-3)
    np.testing.assert_allclose(z[:30].mean(0), 0, atol=1e-4)


def test_the_em_does_not_count_and_objects_are_embedded_alone():
    x = blobs_and_rods()
    model = fitted(voxels, store(x), 30, CHOSEN)
    z = voxels.embed(model, store(x), CPU)
    x[:, 0] = 255 - x[:, 0]
    np.testing.assert_array_equal(voxels.embed(model, store(x), CPU), z)
    np.testing.assert_allclose(voxels.embed(model, store(x[7:8]), CPU), z[7:8], atol=1e-5)


def test_volumes_of_another_size_are_refused():
    model = fitted(voxels, store(blobs_and_rods()), 30, CHOSEN)
    with pytest.raises(InputError, match=r"8 voxels along an edge.*fitted on 16"):
        voxels.embed(model, store(blobs_and_rods(4, 8)), CPU)

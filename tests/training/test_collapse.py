"""A latent that says nothing is noticed: in the history, in the log and in its figure."""

import pandas as pd
import pytest
from lightning_fabric import Fabric

from model_settings import settings
from morphoflow.figures.history import plot_history
from morphoflow.models.o2vae import model as o2vae
from morphoflow.store import read_samples, write_samples
from morphoflow.training.collapse import learned_nothing, warning
from morphoflow.training.loop import fit
from small_o2vae import CPU, SMALL, N, objects
from synthetic_cells import ellipse_crops

pytestmark = pytest.mark.usefixtures("one_thread")

GOOD = {"loss": 60.0, "reconstruction": 50.0, "divergence": 6.0, "loss_mean_image": 90.0}


def test_a_latent_has_collapsed_if_it_tells_nothing_or_helps_nothing():
    assert learned_nothing(GOOD) is False
    assert learned_nothing({**GOOD, "divergence": 1e-4}) is True
    assert learned_nothing({**GOOD, "reconstruction": 89.9}) is True
    assert learned_nothing({"loss": 1.0}) is None
    assert learned_nothing({"loss": 1.0, "reconstruction": 1.0, "divergence": 3.0}) is False


def test_only_the_best_epoch_counts():
    rows = [{"epoch": k, "best": k < 3, "learned_nothing": k != 2} for k in (1, 2, 3)]
    table = pd.DataFrame(rows).assign(validation_divergence=0.01)
    assert warning(table) is None
    assert "epoch (2)" in warning(table.assign(learned_nothing=True))
    assert warning(table[:0]) is None and warning(table.drop(columns="learned_nothing")) is None


@pytest.mark.parametrize(("beta", "bad"), [(0.01, False), (1e4, True)])
def test_training_tells_of_a_collapse(tmp_path, capsys, beta, bad):
    ids = [f"c{i}" for i in range(N)]
    x = ellipse_crops(N, 16)[0]
    axes = ["object", "channel", "y", "x"]
    write_samples(tmp_path / "x.zarr", ids, x, axes=axes, units="intensity", provenance={})
    chosen = settings("vae", **{**SMALL, "beta": beta, "learning_rate": 0.01})
    learner = o2vae.build(read_samples(tmp_path / "x.zarr"), objects(), chosen, 0, CPU)
    fabric = Fabric(accelerator="cpu", devices=1)
    history = fit(
        learner, epochs=16, patience=0, seed=0, fabric=fabric, checkpoint=tmp_path / "check"
    ).history
    assert history["learned_nothing"].dtype == bool
    assert bool(history.loc[history["best"], "learned_nothing"].iloc[-1]) is bad
    assert ("collapsed" in capsys.readouterr().err) is bad
    figure = plot_history(history)
    assert (figure.get_suptitle().startswith("The model has learned nothing")) is bad

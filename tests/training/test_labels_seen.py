"""A training keeps whose labels it saw, through a copy that was trained no further."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

import embed
import train
from model_settings import settings
from morphoflow.embedding import LABEL_SEEN, labels_used, read_embedding
from morphoflow.model import read_model
from morphoflow.store import write_samples
from morphoflow.tables import write_objects
from places import SCRIPTS

N, CODE = 12, "walk_transformer/model.py"
SMALL = {"nodes": 5, "width": 16, "heads": 2, "latent_size": 6, "batch_size": 4, "view_walks": 2}


@pytest.fixture
def run(tmp_path, monkeypatch, one_thread):
    """Trains on walks with random labels, embeds, and returns the model and its embedding."""
    entry = str(SCRIPTS / "train.py")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", entry, raising=False)
    ids = [f"o{i}" for i in range(N)]
    walks = np.random.default_rng(0).normal(size=(N, 4, 8, 3)).astype(np.float32).cumsum(axis=2)
    data = {"samples": tmp_path / "walks.zarr", "objects": tmp_path / "objects.parquet"}
    axes = ["neuron", "walk", "step", "axis"]
    length = np.full((N, 4), 8)
    write_samples(data["samples"], ids, walks, length=length, axes=axes, units="um", provenance={})
    columns = {"source": "s", "label": ["a", "b"] * (N // 2), "group": ids}
    split = ["train"] * 6 + ["validation"] * 2 + ["test"] * 4
    write_objects(data["objects"], pd.DataFrame({"id": ids, **columns, "split": split}), {})

    def make(name, start_from, **changes):
        folder = tmp_path / name
        usual = settings("walk_transformer", **{**SMALL, **changes})
        common = {**data, "gpus": 0, "threads": 1}
        train.main(
            model="walk_transformer",
            code=CODE,
            settings=usual,
            seed=0,
            output=folder / "model.pt",
            history=folder / "history.parquet",
            checkpoints=tmp_path / "checkpoints",
            tensorboard=folder / "tensorboard",
            start_from=start_from,
            **common,
        )
        embed.main(
            model=folder / "model.pt",
            output=folder / "e.h5ad",
            uncertainty=False,
            size_joined=False,
            **common,
        )
        return read_model(folder / "model.pt"), read_embedding(folder / "e.h5ad")

    return make


def test_a_frozen_copy_of_a_supervised_model_has_seen_what_that_saw(run, tmp_path):
    supervised, _ = run("supervised", [], epochs=1)
    start = [tmp_path / "supervised" / "model.pt"]
    frozen, embedding = run("frozen", start, epochs=0, label_fraction=0)
    assert frozen.labels_seen == supervised.labels_seen == sorted(f"o{i}" for i in range(8))
    assert torch.equal(*(next(iter(m.state.values())) for m in (supervised, frozen)))
    assert labels_used(embedding)
    assert embedding.obs[LABEL_SEEN].tolist() == [True] * 8 + [False] * 4
    fresh, embedding = run("fresh", [], epochs=1, label_fraction=0)
    assert not fresh.labels_seen and not labels_used(embedding)

"""A model that somebody adds by the steps of CONTRIBUTING.md alone, trained and embedded."""

import numpy as np
import pandas as pd
import pytest
import torch

from morphoflow.embedding import read_embedding
from workflow import Workflow

MODEL = '''
"""Model ``linear``: principal axes of density maps, found by gradient descent."""

import numpy as np
import torch

from morphoflow.fitting import train_rows
from morphoflow.seeds import torch_generator


class Learner:
    def __init__(self, x, settings, generator):
        self.x, self.facts = x, {"size": x.shape[1]}
        self.network = torch.nn.Linear(x.shape[1], settings["latent_size"], bias=False)
        torch.nn.init.normal_(self.network.weight, std=0.1, generator=generator)
        self.modules = {"network": self.network}
        self.optimizers = {"sgd": torch.optim.SGD(self.network.parameters(), lr=0.1)}
        self.n_train, self.batch_size = len(x), settings["batch_size"]

    def start_epoch(self, epoch):
        pass

    def step(self, indices, generator, fabric):
        loss = self.loss(self.x[indices])
        self.optimizers["sgd"].zero_grad()
        fabric.backward(loss)
        self.optimizers["sgd"].step()
        return {"loss": loss.detach()}

    def loss(self, x):
        return (self.network(x) @ self.network.weight - x).square().mean()

    def validate(self):
        return {"loss": float(self.loss(self.x))}

    def state(self):
        return self.network.state_dict()


def build(samples, objects, settings, seed, device):
    x = torch.from_numpy(np.asarray(samples.x)[train_rows(objects)]).float().flatten(1)
    return Learner(x.to(device), settings, torch_generator(seed, "initialisation"))


def embed(model, samples, device):
    x = torch.from_numpy(np.asarray(samples.x)).float().flatten(1)
    return (x @ model.state["weight"].T).numpy()
'''
CARD = """
description: Principal axes of density maps.
modality: neurons
form: densities
code: linear/model.py
trained: true
settings:
  epochs: {type: integer, default: 3, description: Passes over the training neurons.}
  patience: {type: integer, default: 0, description: Epochs without improvement; 0 never stops.}
  batch_size: {type: integer, default: 4, description: Neurons per step.}
  precision: {enum: ["32-true"], default: "32-true", description: Numbers.}
  latent_size: {type: integer, default: 2, description: Dimensions.}
variants:
  default: {}
"""
EMBEDDING = "results/tiny/linear/default/seed0/embedding.h5ad"


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """A workflow with a model more: a folder of code, a card and a row."""
    workflow = Workflow(tmp_path_factory.mktemp("added"))
    code = workflow.folder / "scripts/morphoflow/models/linear/model.py"
    code.parent.mkdir()
    code.write_text(MODEL)
    (workflow.folder / "config/models/linear.yaml").write_text(CARD)
    with (workflow.folder / "runs.tsv").open("a") as stream:
        stream.write("tiny\tlinear\tdefault\t0\n")
    return workflow


def test_a_model_is_added_by_code_a_card_and_a_row(added):
    added.snakemake(EMBEDDING)
    embedding = read_embedding(added.folder / EMBEDDING)
    assert embedding.X.shape == (24, 2) and np.ptp(embedding.X, axis=0).min() > 0
    saved = torch.load(
        added.folder / EMBEDDING.replace("embedding.h5ad", "model.pt"), weights_only=True
    )
    assert (saved["name"], saved["code"]) == ("linear", "linear/model.py")
    history = pd.read_parquet((added.folder / EMBEDDING).with_name("history.parquet"))
    assert len(history) >= 3


def test_its_code_is_an_input_of_its_jobs_alone(added):
    path = added.folder / "scripts/morphoflow/models/linear/model.py"
    path.write_text(path.read_text() + "\n# edited\n")
    again = added.planned(EMBEDDING)
    assert set(again) == {"train", "embed"} and "Params have changed" in again["train"]


def test_a_card_without_its_code_stops_before_any_job(added):
    path = added.folder / "scripts/morphoflow/models/linear/model.py"
    path.rename(path.with_name("network.py"))
    try:
        done = added.snakemake("--dry-run", EMBEDDING, check=False)
    finally:
        path.with_name("network.py").rename(path)
    assert done.returncode and "linear.yaml, code: there is no" in done.stdout
    assert "Traceback" not in done.stdout

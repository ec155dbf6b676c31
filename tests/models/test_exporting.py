"""Exported encoders give the vectors of their models where this project is not to be found."""

import json
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from gpu.cases import OneDevice, first_steps, made
from model_settings import cards, model_of, settings
from morphoflow.model import Model
from morphoflow.models.interface import Embedding, load_model
from morphoflow.models.shared.exporting import ABOUT, export_encoder, first_inputs
from morphoflow.store import Samples

CPU = torch.device("cpu")
# Other objects than those that it was exported with, and of another number.
NUMBER = 7
ALONE = """
import importlib.util, sys
from pathlib import Path
import numpy as np, torch
assert importlib.util.find_spec("morphoflow") is None
for path in sorted(Path(sys.argv[1]).glob("*.pt2")):
    encode = torch.export.load(path).module()
    given = np.load(path.with_suffix(".npz"))
    with torch.no_grad():
        found = encode(*(torch.from_numpy(given[name]) for name in sorted(given)))
    np.save(path.with_suffix(".npy"), found.numpy())
"""
# A model of each kind, and variants that run other lines.
CASES = (
    ("contrastive", "default"),
    ("flow", "default"),
    ("morphvae", "default"),
    ("o2vae", "default"),
    ("o2vae", "dihedral"),
    ("point_ae", "default"),
    ("point_ae", "dgcnn"),
    ("progressive_gan", "default"),
    ("vae", "default"),
    ("volume_vae", "default"),
    ("tree_transformer", "default"),
    ("tree_transformer", "small_all"),
    ("walk_transformer", "default"),
    ("walk_transformer", "small_x"),
)


def built(model: str, variant: str) -> tuple[Model, Samples]:
    chosen = settings(model, variant)
    chosen |= {"widths": [8, 16]} if model == "flow" else {}
    chosen |= {"widths": [16, 8], "batch_size": 4} if model == "progressive_gan" else {}
    samples, objects = made(model)
    fabric = OneDevice(CPU, chosen["precision"])
    learner = first_steps(model, chosen, fabric, samples, objects)[0].learner
    return model_of(model, chosen, learner.facts, learner.state()), samples


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What files of all models give in a process that has torch alone, beside what is right."""
    folder, right = tmp_path_factory.mktemp("exported"), {}
    for model, variant in CASES:
        fitted, samples = built(model, variant)
        name = f"{model}_{variant}"
        export_encoder(fitted, samples, {}, folder / f"{name}.pt2")
        inputs = first_inputs(samples, NUMBER)
        np.savez(folder / f"{name}.npz", *(x.numpy() for x in inputs))
        right[name] = load_model(fitted.code, Embedding).embed(fitted, samples, CPU)[:NUMBER]
    subprocess.run([sys.executable, "-I", "-c", ALONE, str(folder)], check=True)
    return {name: (np.load(folder / f"{name}.npy"), right[name]) for name in right}


def test_every_kind_of_model_that_can_be_exported_is_among_the_cases():
    able = [card["code"] for card in cards().values() if "exportable" in card["capabilities"]]
    assert {cards()[model]["code"] for model, _ in CASES} == {*able}


@pytest.mark.parametrize("name", ["_".join(case) for case in CASES])
def test_a_file_gives_the_vectors_of_its_model_without_this_project(alone, name):
    found, right = alone[name]
    np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-5 * np.abs(right).max())


def test_a_file_says_what_it_takes_and_equal_models_give_equal_ones(tmp_path):
    fitted, samples = built("o2vae", "default")
    for name in ("one.pt2", "two.pt2"):
        export_encoder(fitted, samples, {"command": "c"}, tmp_path / name)
    extra = {ABOUT: ""}
    torch.export.load(tmp_path / "one.pt2", extra_files=extra)
    about = json.loads(extra[ABOUT])
    assert about["inputs"][0]["shape"] == ["objects", 1, 32, 32] and about["model"] == "o2vae"
    assert (tmp_path / "one.pt2").read_bytes() == (tmp_path / "two.pt2").read_bytes()

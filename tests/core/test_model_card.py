"""A model's card says what the model was trained on, what it saw, and how good it is."""

import pandas as pd
import torch

import draw_run
from morphoflow.analysis.scores import score
from morphoflow.model import Model, write_model
from morphoflow.model_card import model_card
from morphoflow.tables import write_objects, write_table

RECORD = {"seed": 3, "inputs": ["x.zarr sha256:abc"], "versions": {"torch": "2"}}


def a_card(labels: list, seen: list[str], scores: list[dict]) -> str:
    ids = [f"o{i}" for i in range(len(labels))]
    split = ["train", "train", "test"] * (len(labels) // 3)
    objects = pd.DataFrame({"id": ids, "label": labels, "group": ids, "split": split})
    model = Model("m", "m/model.py", {"epochs": 5}, {}, {}, RECORD, seen)
    table = pd.DataFrame(scores, columns=["split", "score", "value", "low", "high", "n"])
    return model_card(model, "A model.", "cells", objects, table)


def test_training_data_labels_and_scores_are_said():
    found = [score("test", "logistic_balanced_accuracy", 0.75, 9, 0.5, 0.9)]
    text = a_card(["a", "b<i>", "a"] * 4, [], found)
    assert text.startswith("# m trained on cells\n\nA model.")
    assert "12 objects of 12 groups (8 train, 0 validation, 4 test)" in text
    assert "a 4, b\\<i\\> 4" in text and "Labels seen by the training: none" in text
    assert "| test | 0.750 | 0.500 to 0.900 | 9 |" in text
    assert "epochs: 5" in text and "Seed 3" in text and "x.zarr sha256:abc" in text


def test_a_model_that_saw_labels_and_one_without_scores_say_so():
    assert "trained with labels" in a_card(["a"] * 3, ["o0"], [])
    assert "None could be computed" in a_card([None] * 3, [], [])
    assert "trained with labels" not in a_card([None] * 3, [], [])


def test_weights_load_without_this_project_as_the_card_says(tmp_path):
    weights = {"w": torch.arange(6.0).reshape(2, 3)}
    write_model(tmp_path / "model.pt", Model("m", "m/model.py", {"k": 1}, {"f": 2}, weights, {}))
    loaded = torch.load(tmp_path / "model.pt", weights_only=True)
    assert torch.equal(loaded["state"]["w"], weights["w"])
    assert loaded["settings"] == {"k": 1} and loaded["code"] == "m/model.py"


def test_a_card_lies_beside_the_figures_of_a_trained_model_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(draw_run, "provenance", lambda **_: {})
    dataset = tmp_path / "cells"
    ids = [f"o{i}" for i in range(6)]
    objects = pd.DataFrame({"id": ids, "source": "s", "label": "a", "group": ids})
    write_objects(dataset / "objects.parquet", objects.assign(split="train"), {})
    write_model(tmp_path / "model.pt", Model("m", "m/model.py", {}, {}, {}, RECORD))
    found = {
        "cross_validation": "logistic_balanced_accuracy",
        "retrieval": "retrieval_map",
        "outlier": "outlier_fraction",
    }
    for k, (name, known) in enumerate(found.items()):
        table = pd.DataFrame([score("all", known, 0.25 * k, 6)])
        write_table(tmp_path / f"{name}_scores.parquet", table, {})
    for name, settings in (("trained", {"description": "A model."}), ("baseline", {})):
        draw_run.main(
            figures=[],
            run=tmp_path,
            dataset=dataset,
            pictures=[],
            settings=settings,
            folder=tmp_path / name,
        )
    text = (tmp_path / "trained/model_card.md").read_text()
    assert text.startswith("# m trained on cells\n\nA model.")
    assert all(f"| all | 0.{k}" in text for k in ("000", "250", "500"))
    assert [path.name for path in (tmp_path / "baseline").iterdir()] == ["files.json"]

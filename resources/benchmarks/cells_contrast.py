"""What contrast adds to the autoencoder of cells, and the embedding to named shape features.

Outlines of osteosarcoma cells and turned handwritten digits: embeddings of several seeds of each
way of training, scored by nested cross-validation as the workflow does it, and compared over the
same partitions and the same draws of cells. From the root of the project:

    PYTHONPATH=scripts python resources/benchmarks/cells_contrast.py

Data, embeddings and predictions are kept in ``--folder``: it may be stopped and called again.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
import yaml
import zarr
from machine import cpu_model

from morphoflow.analysis.classification import percentiles
from morphoflow.analysis.classifiers import CLASSIFIERS
from morphoflow.analysis.confusion import balanced_accuracy, bootstrap_matrices, group_matrices
from morphoflow.analysis.cross_validation import Labelled, out_of_fold, standardised
from morphoflow.analysis.folds import folds
from morphoflow.cells.demo.demo import WRITERS
from morphoflow.cells.shapes.features import invariant, object_weights, shape_features
from morphoflow.model import Model
from morphoflow.models.o2vae import model as o2vae
from morphoflow.packages import package_files
from morphoflow.plan.models import read_models, settings_of
from morphoflow.splits import assign_splits
from morphoflow.store import Samples
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit

COMMAND = "PYTHONPATH=scripts python resources/benchmarks/cells_contrast.py"
# Of each dataset: its card, what differs from it, the most objects, labels, and seeds.
DATA = {
    "osteosarcoma": ("osteosarcoma_outlines", {"size": 64}, None, ("label", "treatment"), 3),
    "o2_mnist": ("o2_mnist", {}, 600, ("label",), 2),
}
# What all ways of training share, beside the model's defaults, and in what they differ.
SHARED = {"epochs": 25, "widths": [8, 16, 32], "learning_rate": 0.002, "beta": 0.1}
SHARED |= {"precision": "bf16-mixed", "contrast_weight": 1, "warp_strength": 0.05}
WAYS = {"untrained": {"epochs": 0}, "contrast": {}, "bound": {"contrast_weight": 0}}
SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
# What is put beside the features, and what is compared.
BESIDE = ("untrained", "contrast")
PAIRS = [("contrast", "untrained"), ("contrast", "bound"), ("bound", "untrained")]
PAIRS += [("contrast", "features"), *((f"features + {way}", "features") for way in BESIDE)]
FOLDS, BOOTSTRAPS, BLOCK = 5, 2000, 256
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Cells:
    """Crops (n, 1, h, w) from 0 to 1, their table, and the shape features (n, d)."""

    x: np.ndarray
    table: pd.DataFrame
    features: np.ndarray


def main() -> None:
    """Train and score everything that is not there yet, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("results/cells_contrast"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    record = {
        "command": COMMAND,
        "machine": {"cpu": cpu_model()},
        "what": "balanced accuracy, nested 5-fold cross-validation, one partition a seed",
        "interval": "95 %, cells drawn again; of differences over the same draws",
        "settings": {name: settings(changes) for name, changes in WAYS.items()},
    }
    for name, (_, _, _, labels, seeds) in DATA.items():
        cells, own = read(name, options.folder), options.folder / name
        made = {way: embeddings(cells, way, seeds, own) for way in WAYS}
        seconds = {way: cpu_s for way, (_, cpu_s) in made.items()}
        record[name] = {"cells": len(cells.x), "seeds": seeds, "cpu_s": seconds}
        found = {way: x for way, (x, _) in made.items()}
        for label in labels:
            record[name][label] = scores(cells, label, found, own)
            print(name, label, json.dumps(record[name][label]), flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


def settings(changes: dict) -> dict:
    """All settings of the model with those that are shared and some changes."""
    card = read_models(Path("config/models"))["o2vae"]
    return settings_of({"o2vae": {**card, "variants": {"own": SHARED | changes}}}, "o2vae", "own")


def read(name: str, folder: Path) -> Cells:
    """A dataset, fetched unless it is there."""
    card, changes, most, _, _ = DATA[name]
    facts = yaml.safe_load(Path(f"resources/cards/{card}.yaml").read_text()) | changes
    own = folder / name
    if not (own / "crops.h5").exists():
        own.mkdir(parents=True, exist_ok=True)
        WRITERS[facts["kind"]](facts, package_files(facts), own)
    table = pd.read_csv(own / "labels.csv")
    rows = np.sort(np.random.default_rng(0).permutation(len(table))[:most])
    with h5py.File(own / "crops.h5") as file:
        x = file["x"][:][rows].astype(np.float32) / 255
        mask = file["mask"][:][rows] if "mask" in file else None
    table = table.iloc[rows].reset_index(drop=True)
    return Cells(x, table, features(x, mask, table))


def features(x: np.ndarray, mask: np.ndarray | None, table: pd.DataFrame) -> np.ndarray:
    """Shape features (n, d), with intensities where crops are more than their masks."""
    scale = table.get("crop_scale", pd.Series(1.0, table.index)).to_numpy()
    channels = ["intensity"] if mask is None else []
    blocks = []
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        weights = object_weights(x[rows], None if mask is None else mask[rows])
        own = x[rows] if mask is None else x[rows, :0]
        blocks.append(invariant(shape_features(own, weights, channels, None, scale[rows]))[0])
    return standardised(np.concatenate(blocks))


def embeddings(cells: Cells, way: str, seeds: int, folder: Path) -> tuple[list[np.ndarray], float]:
    """The embedding (n, d) of each seed, and the mean CPU seconds of a training."""
    found, seconds = [], []
    for seed in range(seeds):
        file = folder / f"{way}_{seed}.npz"
        if not file.exists():
            start = time.process_time()
            x = trained(cells, settings(WAYS[way]), seed, file.with_suffix(""))
            np.savez(file, x=x, cpu_s=time.process_time() - start)
            print(file, flush=True)
        with np.load(file) as made:
            found.append(joined(made["x"], cells.table))
            seconds.append(float(made["cpu_s"]))
    return found, round(float(np.mean(seconds)))


def trained(cells: Cells, chosen: dict, seed: int, checkpoint: Path) -> np.ndarray:
    """The embedding (n, d) of all cells by a network that is trained on some of them."""
    ids = cells.table["id"].to_numpy()
    samples = Samples(zarr.array(cells.x), ids)
    labels, generator = cells.table["label"].astype(str), np.random.default_rng(17)
    split = assign_splits(labels, cells.table["group"], SHARES, generator)
    objects = pd.DataFrame({"id": ids, "split": split})
    learner = o2vae.build(samples, objects, chosen, seed, CPU)
    fabric = make_fabric(gpus=0, precision=chosen["precision"], threads=1)
    fitted = fit(
        learner,
        epochs=chosen["epochs"],
        patience=chosen["patience"],
        seed=seed,
        fabric=fabric,
        checkpoint=checkpoint,
    )
    model = Model("o2vae", "o2vae/model.py", chosen, learner.facts, fitted.best, {})
    return o2vae.embed(model, samples, CPU)


def joined(x: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """The embedding with the cell's size as one more dimension, where crops are scaled."""
    size = [np.log(table["crop_scale"])] if "crop_scale" in table else []
    return standardised(np.column_stack([x, *size]))


def scores(
    cells: Cells, label: str, found: dict[str, list[np.ndarray]], folder: Path
) -> dict[str, dict]:
    """Of each way alone and beside the features, balanced accuracies and what they differ by."""
    cases = {"features": [cells.features] * len(found["contrast"])} | found
    for way in BESIDE:
        cases[f"features + {way}"] = [np.hstack([cells.features, x]) for x in found[way]]
    record = {}
    for classifier in ("logistic", "forest"):
        matrices = {}
        for name, seeds in cases.items():
            start = folder / f"{label} {classifier} {name}"
            own = [kept(start, s, x, cells.table[label], classifier) for s, x in enumerate(seeds)]
            matrices[name] = sum(own)
        drawn = {name: draws(own) for name, own in matrices.items()}
        record[classifier] = {
            "balanced_accuracy": {
                name: interval(drawn[name], own) for name, own in matrices.items()
            },
            "difference": {
                f"{a} - {b}": interval(drawn[a] - drawn[b], matrices[a], matrices[b])
                for a, b in PAIRS
            },
        }
    return record


def kept(start: Path, seed: int, x: np.ndarray, labels: pd.Series, classifier: str) -> np.ndarray:
    """What :func:`predicted` gives, from the file that begins with ``start`` if it is there."""
    file = Path(f"{start} {seed}.npy")
    if not file.exists():
        np.save(file, predicted(x, labels, classifier, seed))
    return np.load(file)


def predicted(x: np.ndarray, labels: pd.Series, classifier: str, seed: int) -> np.ndarray:
    """The confusion matrix (n, c, c) of each cell, with the partition of a seed."""
    classes, codes = np.unique(labels, return_inverse=True)
    groups = np.arange(len(codes))
    objects = Labelled(x.astype(np.float64), codes, groups, classes)
    parts = folds(codes, groups, FOLDS, seed)
    made, _ = out_of_fold(CLASSIFIERS[classifier], objects, parts, seed)
    return group_matrices(codes, made, groups, np.arange(len(classes)))


def draws(matrices: np.ndarray) -> np.ndarray:
    """Balanced accuracies (b,) of the same draws of cells each time."""
    return balanced_accuracy(bootstrap_matrices(matrices, BOOTSTRAPS, np.random.default_rng(0)))


def interval(drawn: np.ndarray, one: np.ndarray, other: np.ndarray | None = None) -> list[float]:
    """The balanced accuracy of matrices, or how two differ, and its interval by what was drawn."""
    value = balanced_accuracy(one.sum(axis=0))
    if other is not None:
        value = value - balanced_accuracy(other.sum(axis=0))
    ends = np.quantile(drawn, percentiles(len(one)))
    return [round(float(v), 3) for v in (value, *ends)]


if __name__ == "__main__":
    main()

"""How real neurons grown by ``topological_synthesis`` are, beside real ones of the same classes.

Each of three times half of each class is learned from and the other half compared. From the root of
the project, after the samples were made as README.md says:

    PYTHONPATH=scripts python resources/benchmarks/ca1/generated.py --spacing-um 25
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from morphoflow.forest import Forest
from morphoflow.model import Model
from morphoflow.models.topological_synthesis.model import fit
from morphoflow.models.topological_synthesis.trees import make_trees
from morphoflow.neurons.rebuild.realism import Neurons, Sets, details, realism_scores
from morphoflow.neurons.samples.resample import mean_spacing, resample
from morphoflow.neurons.samples.sections import NAMES, sections
from morphoflow.splits import assign_splits
from morphoflow.store import Samples
from morphoflow.tables import align_objects, read_objects

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from machine import cpu_model  # noqa: E402

MODEL = "topological_synthesis"
DIVISIONS, NUMBER, BOOTSTRAPS = 3, 20, 20
HALVES = {"train": 0.5, "validation": 0.0, "test": 0.5}


def main() -> None:
    """Write DATASET_generated.json: each score for each division."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=("ca1", "toy"), default="ca1")
    parser.add_argument("--spacing-um", type=float, help="of nodes; the mean one without")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = Path("results") / options.dataset
    forest = Forest.read(results / "trees.zarr")
    spacing_um = options.spacing_um or mean_spacing(forest)
    objects = align_objects(read_objects(results / "objects.parquet"), list(forest.ids), "trees")
    even = resample(forest, spacing_um)
    found = [scores(even, objects, spacing_um, seed) for seed in range(DIVISIONS)]
    record = {
        "command": " ".join(["PYTHONPATH=scripts python", *sys.argv]),
        "machine": {"cpu": cpu_model()},
        "spacing_um": spacing_um,
        "neurons_of_each_class": NUMBER,
        "scores": {name: [one[name] for one in found] for name in found[0]},
        "cpu_s": round(time.process_time()),
    }
    output = HERE / f"{options.dataset}_generated.json"
    output.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record["scores"], indent=1))


def scores(even: Forest, objects: pd.DataFrame, spacing_um: float, seed: int) -> dict[str, float]:
    """Scores of neurons grown from one half of ``even``, against the other half."""
    labels, ids = objects["label"], objects["id"]
    split = assign_splits(labels, ids, HALVES, np.random.default_rng(seed))
    objects, names = objects.assign(split=split), labels.to_numpy(dtype=str)
    x, length = sections(even)
    samples = Samples(x, even.ids, length, names=NAMES, attributes={"resample_um": spacing_um})
    facts, state = fit(samples, objects, {}, seed)
    model = Model(MODEL, f"{MODEL}/model.py", {}, facts, state, {})
    asked = {"number": NUMBER, "seed": seed}
    made, table = make_trees(model, samples, objects, asked, torch.device("cpu"))
    real = {
        half: Neurons.of(even.select(np.flatnonzero(rows)), names[rows], ids[rows].to_numpy(str))
        for half, rows in (("train", split == "train"), ("test", split == "test"))
    }
    own = table[["label", "reference"]].to_numpy(dtype=str).T
    sets = Sets(Neurons.of(made, *own), real["train"], real["test"])
    rows = realism_scores(sets, details(sets), repeats=BOOTSTRAPS, seed=seed)
    return {row["score"]: round(float(row["value"]), 3) for row in rows}


if __name__ == "__main__":
    main()

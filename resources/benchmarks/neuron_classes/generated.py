"""How real neurons made by a model are, beside real ones of the same classes.

Each of three times half of each class is learned from and the other half compared. From the root of
the project, after the samples were made as README.md says:

    PYTHONPATH=scripts python resources/benchmarks/neuron_classes/generated.py --set ca1 \\
        --spacing-um 25
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from embeddings import CPU, learned, read_set

from morphoflow.forest import Forest
from morphoflow.model import Model
from morphoflow.models.interface import TreeMaking, load_model
from morphoflow.neurons.rebuild.realism import Neurons, Sets, details, realism_scores
from morphoflow.neurons.samples.resample import mean_spacing, resample
from morphoflow.neurons.samples.sections import NAMES, sections
from morphoflow.plan.models import read_models, settings_of
from morphoflow.splits import assign_splits
from morphoflow.store import Samples, read_samples
from morphoflow.tables import align_objects, read_objects

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from machine import cpu_model  # noqa: E402

SYNTHESIS, MORPHVAE = "topological_synthesis", "morphvae"
NUMBER, BOOTSTRAPS = 20, 20
# A network stops by a fifth of the half that is learned from, and the synthesis learns from all.
SPLITS = {
    SYNTHESIS: {"train": 0.5, "validation": 0.0, "test": 0.5},
    MORPHVAE: {"train": 0.4, "validation": 0.1, "test": 0.5},
}
# Those of the workflow's `generated`.
DRAWING = {"way": "class", "kappa": 2000, "spread": 0.3, "residual": True, "largest_turn_deg": 180}


def main() -> None:
    """Write generated.json, or morphvae.json, in the folder of a set: scores of each division."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True, help="the folder beside this script")
    parser.add_argument("--model", choices=SPLITS, default=SYNTHESIS)
    parser.add_argument(
        "--spacing-um", type=float, help="of nodes of trees grown; mean one without"
    )
    parser.add_argument("--divisions", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = Path("results") / read_set(HERE / options.set, None)[0]
    forest = Forest.read(results / "trees.zarr")
    samples = _samples(forest, results, options.model, options.spacing_um)
    spacing_um = samples.attributes["resample_um"]
    objects = align_objects(read_objects(results / "objects.parquet"), list(forest.ids), "trees")
    even = resample(forest, spacing_um)
    found = [
        scores(even, samples, objects, options.model, seed) for seed in range(options.divisions)
    ]
    record = {
        "command": " ".join(["PYTHONPATH=scripts python", *sys.argv]),
        "machine": {"cpu": cpu_model()},
        "spacing_um": spacing_um,
        "neurons_of_each_class": NUMBER,
        "scores": {name: [one[name] for one in found] for name in found[0]},
        "cpu_s": round(time.process_time()),
    }
    name = "generated" if options.model == SYNTHESIS else options.model
    output = HERE / options.set / f"{name}.json"
    output.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record["scores"], indent=1))


def _samples(forest: Forest, results: Path, model: str, spacing_um: float | None) -> Samples:
    """What a model learns from: the workflow's walks, or sections of nodes at a spacing."""
    if model == MORPHVAE:
        return read_samples(results / "samples/walks.zarr")
    spacing_um = spacing_um or mean_spacing(forest)
    even = resample(forest, spacing_um)
    x, length = sections(even)
    return Samples(x, even.ids, length, names=NAMES, attributes={"resample_um": spacing_um})


def scores(
    even: Forest, samples: Samples, objects: pd.DataFrame, name: str, seed: int
) -> dict[str, float]:
    """Scores of neurons made from one half of ``even``, against the other half."""
    labels, ids = objects["label"], objects["id"]
    split = assign_splits(labels, ids, SPLITS[name], np.random.default_rng(seed))
    objects, names = objects.assign(split=split), labels.to_numpy(dtype=str)
    model = _learned(name, samples, objects, seed)
    asked = {"number": NUMBER, "seed": seed, **DRAWING}
    making = load_model(model.code, TreeMaking)
    made, table = making.make_trees(model, samples, objects, asked, CPU)
    real = {
        half: Neurons.of(even.select(np.flatnonzero(rows)), names[rows], ids[rows].to_numpy(str))
        for half, rows in (("train", split != "test"), ("test", split == "test"))
    }
    own = table[["label", "reference"]].to_numpy(dtype=str).T
    sets = Sets(Neurons.of(made, *own), real["train"], real["test"])
    rows = realism_scores(sets, details(sets), repeats=BOOTSTRAPS, seed=seed)
    return {row["score"]: round(float(row["value"]), 3) for row in rows}


def _learned(name: str, samples: Samples, objects: pd.DataFrame, seed: int) -> Model:
    models = read_models(Path("config/models"))
    settings = settings_of(models, name, "default")
    checkpoint = Path("results") / f"{name}_{seed}.checkpoint"
    return learned(name, models[name], settings, samples, objects, seed, checkpoint)


if __name__ == "__main__":
    main()

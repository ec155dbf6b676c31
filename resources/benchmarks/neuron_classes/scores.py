"""How well embeddings tell classes of neurons apart whose animals were not seen.

Nested and grouped: within each outer fold, the classifier and its settings are learned from neurons
of other animals than those that are predicted. Embeddings are learned once from all neurons,
without their labels, or with ``--unseen`` anew in each fold from those other animals, with their
labels where a model uses them. README.md says how to run it.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from embeddings import Embeddings, read_set
from scored import CLUSTERS, record_of

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from machine import cpu_model  # noqa: E402

from morphoflow.analysis.clusters import cluster  # noqa: E402
from morphoflow.analysis.cross_validation import Labelled, choose_within  # noqa: E402
from morphoflow.analysis.folds import folds  # noqa: E402
from morphoflow.analysis.fusion import FUSION  # noqa: E402
from morphoflow.embedding import PART  # noqa: E402

FOLDS = 5
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/neuron_classes/scores.py"
# What all rows are judged by, as in the report, and what weighs the models of combinations.
JUDGES = ("logistic", *FUSION)


def main() -> None:
    """Predict every neuron of a set by each row, and write scores.json in its folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True, help="the folder beside this script")
    parser.add_argument("--unseen", action="store_true", help="learn embeddings in each fold")
    parser.add_argument("--rows", nargs="*", help="model/variant of each row; all without")
    parser.add_argument("--seeds", nargs="*", type=int, help="those of the set without")
    parser.add_argument("--name", help="of the record, instead of scores or unseen")
    options = parser.parse_args()
    torch.set_num_threads(1)
    name, combinations, rows, seeds = read_set(HERE / options.set, options.rows)
    embeddings, predicted = Embeddings(name, combinations), {}
    record_name = options.name or ("unseen" if options.unseen else "scores")
    output = HERE / options.set / f"{record_name}.json"
    for row in rows:
        predicted[row] = [
            predict(embeddings, row, seed, options.unseen) for seed in options.seeds or seeds
        ]
        record = {
            "command": " ".join([COMMAND, *sys.argv[1:]]),
            "machine": {"cpu": cpu_model()},
            **record_of(embeddings.objects, predicted),
            "cpu_s": round(time.process_time()),
        }
        output.write_text(json.dumps(record, indent=1) + "\n")
        print(row, json.dumps(record["rows"][row]), record["cpu_s"], "s", flush=True)


def predict(embeddings: Embeddings, name: str, seed: int, unseen: bool) -> dict[str, np.ndarray]:
    """The predicted codes (n,) by logistic regression, and of a combination by weighted ones.

    Settings and weights are learned in inner folds of what is not predicted. Beside them clusters
    (n,) of an embedding that was learned from all, as many as there are classes.
    """
    names, codes = np.unique(embeddings.objects["label"].astype(str), return_inverse=True)
    groups = np.unique(embeddings.objects["group"], return_inverse=True)[1]
    parts = folds(codes, groups, FOLDS, seed)
    found: dict[str, np.ndarray] = {}
    for part in range(parts.max() + 1):
        held = parts == part
        data = embeddings.learned(name, seed, held if unseen else None)
        of = data.var[PART].to_numpy() if PART in data.var else None
        objects = Labelled(np.asarray(data.X, np.float64), codes, groups, names, of)
        for key in filter(objects.classifiers.get, JUDGES):
            classifier = objects.classifiers[key]
            setting = choose_within(classifier, objects.only(~held), seed)
            own = classifier(objects.known(~held), objects.x[held], [setting], seed)[0]
            found.setdefault(key, np.empty_like(codes))[held] = own
    if not unseen:
        found[CLUSTERS] = cluster(np.asarray(data.X), "kmeans", n_clusters=len(names), seed=seed)
    return found


if __name__ == "__main__":
    main()

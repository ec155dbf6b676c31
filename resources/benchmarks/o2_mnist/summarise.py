"""Purity of ten clusters of o2-mnist by model, with its spread over the seeds that have been run.

From the root of the project, with the workflow's environment active:

    sh resources/benchmarks/o2_mnist/run.sh
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent.parent / "scripts"))
sys.path.insert(0, str(HERE.parent))

from machine import cpu_model  # noqa: E402

from morphoflow.analysis.agreement import purity  # noqa: E402
from morphoflow.analysis.clusters import cluster  # noqa: E402
from morphoflow.analysis.observed import labels_of  # noqa: E402
from morphoflow.embedding import read_embedding  # noqa: E402
from morphoflow.tables import read_table  # noqa: E402

METHODS, CLUSTERS = ("kmeans", "gaussian_mixture"), 10
# Burgess et al.'s notebook analysis_o2mnist.ipynb: all 60,000 digits, one seed.
PUBLISHED = {"kmeans_purity": 0.737, "gaussian_mixture_purity": 0.818}


def main() -> None:
    """Score all embeddings below results/o2_mnist and write o2_mnist.json beside this file."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(Path("results/o2_mnist").rglob("embedding.h5ad")):
        model, variant, seed = path.parts[-4:-1]
        scores = found[f"{model} {variant}"]
        data = read_embedding(path)
        for method in METHODS:
            number = int(seed.removeprefix("seed"))
            clusters = cluster(data.X, method, n_clusters=CLUSTERS, seed=number)
            scores[f"{method}_purity"].append(purity(labels_of(data.obs), clusters))
        invariance = path.with_name("invariance_scores.parquet")
        if invariance.exists():
            for row in read_table(invariance).itertuples():
                scores[row.score].append(row.value)
        print(
            path.parent, {key: round(values[-1], 3) for key, values in scores.items()}, flush=True
        )
    record = {
        "command": "sh resources/benchmarks/o2_mnist/run.sh",
        "machine": {"cpu": cpu_model()},
        "objects": "5,000 digits, 500 of each class; the published figures are for 60,000",
        "published": PUBLISHED,
        "models": {
            name: {score: spread(values) for score, values in scores.items()}
            for name, scores in found.items()
        },
    }
    (HERE / "o2_mnist.json").write_text(json.dumps(record, indent=1) + "\n")


def spread(values: list[float]) -> dict:
    """Mean, standard deviation and number of values, one for each seed."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "sd": sd, "seeds": len(values)}


if __name__ == "__main__":
    main()

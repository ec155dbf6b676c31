"""Purity of ten clusters of o2-mnist by model, with its spread over seeds.

From the root of the project, with the workflow's environment active:

    sh resources/benchmarks/o2_mnist/run.sh
"""

import json
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent.parent / "scripts"))
sys.path.insert(0, str(HERE.parent))

from machine import cpu_model  # noqa: E402

from morphoflow.tables import read_table  # noqa: E402

SCORES = ("kmeans_purity", "gaussian_mixture_purity", "kmeans_ari", "gaussian_mixture_ari")
INVARIANCE = ("invariance_shift", "invariance_shift_exact", "invariance_itself_first")
# Burgess et al.'s notebook analysis_o2mnist.ipynb: all of MNIST, one seed.
PUBLISHED = {"kmeans_purity": 0.737, "gaussian_mixture_purity": 0.818}


def main() -> None:
    """Read the score tables of all runs and write o2_mnist.json beside this file."""
    paths = Path("results/o2_mnist").rglob("*scores.parquet")
    table = pd.concat([read_table(path) for path in sorted(paths)], ignore_index=True)
    table = table[table["score"].isin([*SCORES, *INVARIANCE])]
    rows = {}
    for (model, variant), part in table.groupby(["model", "variant"]):
        values = part.groupby("score")["value"]
        rows[f"{model} {variant}"] = {
            score: {
                "mean": round(float(each.mean()), 4),
                "sd": round(float(each.std()), 4),
                "seeds": len(each),
            }
            for score, each in values
        }
    record = {
        "command": "sh resources/benchmarks/o2_mnist/run.sh",
        "machine": {"cpu": cpu_model()},
        "objects": "5,000 digits, 500 of each class; the published figures are for 60,000",
        "published": PUBLISHED,
        "models": rows,
    }
    (HERE / "o2_mnist.json").write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

"""Osteosarcoma cells: how far turns move embeddings, and how well these tell lines and treatments.

Turned cells are filled anew from their outlines at each angle, so that nothing is interpolated.
From the root of the project, with the workflow's environment active:

    snakemake --profile profiles/laptop \\
        --configfile resources/benchmarks/osteosarcoma/config.yaml -- embeddings
    PYTHONPATH=scripts python resources/benchmarks/osteosarcoma/scores.py
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
import torch
import yaml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from baselines import pooled, read_cells  # noqa: E402
from machine import cpu_model  # noqa: E402

from morphoflow.analysis.classifiers import CLASSIFIERS  # noqa: E402
from morphoflow.analysis.confusion import group_matrices  # noqa: E402
from morphoflow.analysis.cross_validation import Labelled, out_of_fold  # noqa: E402
from morphoflow.analysis.folds import folds  # noqa: E402
from morphoflow.cells.demo.demo import crop_scales, rasterise  # noqa: E402
from morphoflow.model import read_model  # noqa: E402
from morphoflow.models.o2vae import model as o2vae  # noqa: E402
from morphoflow.store import read_samples  # noqa: E402

RESULTS = Path("results/osteosarcoma")
ANGLES = (5, 10, 20, 30, 45, 60, 77, 90, 123, 180)
N_TURNED, FOLDS = 100, 5
N_PARTITIONS = 3
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/osteosarcoma/scores.py"


def main() -> None:
    """Measure everything and write scores.json beside this file."""
    torch.set_num_threads(1)
    record = {"command": COMMAND, "machine": {"cpu": cpu_model()}}
    record["invariance"] = {
        variant: [invariance(path) for path in models("o2vae", variant)]
        for variant in ("untrained", "outlines")
    }
    print(json.dumps(record["invariance"]), flush=True)
    record["what"] = (
        "balanced accuracy of the best setting of each classifier, nested 5-fold, over model seeds "
        "with one partition each (hand-made features: 3 partitions); 95 % intervals over cells"
    )
    record["balanced_accuracy"] = {}
    for name, embeddings in cases().items():
        found = {label: accuracy(embeddings, label) for label in ("label", "treatment")}
        record["balanced_accuracy"][name] = found
        print(name, json.dumps(found), flush=True)
    (HERE / "scores.json").write_text(json.dumps(record, indent=1) + "\n")


def models(model: str, variant: str) -> list[Path]:
    """The folders of all seeds of a variant."""
    return sorted((RESULTS / model / variant).glob("seed*"))


def invariance(folder: Path) -> dict:
    """Median shift over the distance to the nearest other of 100 test cells, by angle; the rank."""
    fitted = read_model(folder / "model.pt")
    store = read_samples(RESULTS / "samples/crops.zarr")
    facts = yaml.safe_load(Path("resources/cards/osteosarcoma_outlines.yaml").read_text())
    outlines, _ = read_cells()
    whole = anndata.read_h5ad(folder / "embedding.h5ad")
    test = np.flatnonzero(whole.obs["split"] == "test")[:N_TURNED]
    cells = outlines.take(test)
    scale = crop_scales(outlines, facts["size"], facts["scaling"])[test]

    def embedded(angle: float) -> np.ndarray:
        x = rasterise(cells, facts["size"], scale, angle=angle)[:, None].astype(np.float32)
        part = replace(store, x=x, ids=store.ids[test])
        return o2vae.embed(fitted, part, torch.device("cpu")).astype(np.float64)

    before = embedded(0)
    apart = np.linalg.norm(before[:, None] - before, axis=-1)
    np.fill_diagonal(apart, np.inf)
    moved = {a: np.linalg.norm(embedded(a) - before, axis=1) / apart.min(axis=1) for a in ANGLES}
    x = np.asarray(whole.X, dtype=np.float64)[:, : fitted.settings["latent_size"]]
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
    share = np.cumsum(singular) / singular.sum()
    return {
        "median_shift_of_nearest": {a: round(float(np.median(v)), 5) for a, v in moved.items()},
        "dimensions": x.shape[1],
        "components_for_99.9_percent": 1 + int((share < 0.999).sum()),
        "smallest_over_largest_sd": float(f"{np.sqrt(singular[-1] / singular[0]):.2g}"),
    }


def cases() -> dict[str, list[anndata.AnnData]]:
    """The embeddings to score, one for each seed; two put together, each standardised."""
    found = {}
    for variant in ("outlines", "untrained"):
        folders = models("o2vae", variant)
        found[f"o2vae {variant}"] = [anndata.read_h5ad(at / "embedding.h5ad") for at in folders]
    for model in ("shape_features", "polar_fourier"):
        one = anndata.read_h5ad(RESULTS / model / "default/seed0/embedding.h5ad")
        found[model] = [one] * N_PARTITIONS
    features = found["shape_features"][0]
    found["o2vae outlines + shape_features"] = [
        anndata.AnnData(np.hstack([standard(each.X), standard(features.X)]), obs=each.obs)
        for each in found["o2vae outlines"]
    ]
    return found


def standard(x: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and standard deviation 1; labels are not used."""
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)


def accuracy(embeddings: list[anndata.AnnData], label: str) -> dict:
    """Balanced accuracy of each classifier over all seeds, its interval, and its sd over seeds."""
    found = {}
    for name in ("logistic", "forest"):
        matrices = []
        for seed, data in enumerate(embeddings):
            classes, codes = np.unique(data.obs[label].astype(str), return_inverse=True)
            groups = np.unique(data.obs["group"].astype(str), return_inverse=True)[1]
            objects = Labelled(np.asarray(data.X), codes, groups, classes)
            parts = folds(codes, groups, FOLDS, seed)
            predicted, _ = out_of_fold(CLASSIFIERS[name], objects, parts, seed)
            matrices.append(group_matrices(codes, predicted, groups, np.arange(len(classes))))
        found[name] = pooled(matrices) | {"seeds": len(matrices)}
    return found


if __name__ == "__main__":
    main()

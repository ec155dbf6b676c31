"""Score random forests on hand-made features of the osteosarcoma cells, for models to compare with.

Nested, repeated, stratified cross-validation, as ``morphoflow.analysis.cross_validation`` does it
for every embedding, of features measured on the filled outlines at two sizes of the crop: 64
pixels, which is what models see, and 256, where little of an outline is lost. All cells have one
scale.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import yaml

from morphoflow.analysis.classification import percentiles
from morphoflow.analysis.classifiers import CLASSIFIERS
from morphoflow.analysis.confusion import balanced_accuracy, bootstrap_matrices, group_matrices
from morphoflow.analysis.cross_validation import Labelled, out_of_fold
from morphoflow.analysis.folds import folds
from morphoflow.cells.demo.demo import crop_scales, labelled_outlines, rasterise
from morphoflow.cells.shapes.features import invariant, shape_features
from morphoflow.cells.shapes.outlines import Outlines
from morphoflow.packages import package_files

CARD = Path("resources/cards/osteosarcoma_outlines.yaml")
SEEDS, FOLDS, BOOTSTRAPS, BLOCK = range(5), 5, 2000, 64
SEVEN = (
    "AreaShape_Area_px2",
    "Contour_Perimeter_px",
    "AreaShape_MajorAxisLength_px",
    "AreaShape_MinorAxisLength_px",
    "AreaShape_Eccentricity",
    "Contour_Solidity",
    "Contour_FormFactor",
)
MOMENTS = ("Moment_Hu", "Moment_Zernike")
EARLIER = {
    "seven shape features": {"line": 0.75, "treatment": 0.70},
    "region properties, Fourier descriptors and area": {"line": 0.77, "treatment": 0.72},
}


def main() -> None:
    """Score all feature sets at both sizes for both labels, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    start = time.process_time()
    outlines, labels = read_cells()
    cases = []
    for size in (64, 256):
        x, names = measure(outlines, size)
        for name, columns in feature_sets(names).items():
            scores = {label: accuracy(x[:, columns], labels[label]) for label in labels}
            cases.append({"crop_px": size, "features": name, "number": len(columns), **scores})
            print(json.dumps(cases[-1]), flush=True)
    record = {
        "what": "balanced accuracy of a random forest, 5 x 5-fold nested cross-validation",
        "command": "PYTHONPATH=scripts python resources/benchmarks/osteosarcoma/baselines.py",
        "interval": "95 %, cells drawn again with their predictions of all repeats",
        "cells": outlines.n,
        "shares": {k: v.value_counts(normalize=True).round(3).to_dict() for k, v in labels.items()},
        "earlier_figures": EARLIER,
        "cases": cases,
        "cpu_s": round(time.process_time() - start),
        "versions": {"numpy": np.__version__, "scikit-learn": sklearn.__version__},
    }
    options.output.write_text(json.dumps(record, indent=2) + "\n")


def read_cells() -> tuple[Outlines, pd.DataFrame]:
    """The clean outlines of the card, and their cell lines and treatments."""
    facts = yaml.safe_load(CARD.read_text())
    outlines, table, _ = labelled_outlines(facts, package_files(facts))
    return outlines, table[["label", "treatment"]].rename(columns={"label": "line"})


def measure(outlines: Outlines, size: int) -> tuple[np.ndarray, list[str]]:
    """Shape features (n, d) of crops of this size, without intensities, and their names."""
    scale = crop_scales(outlines, size, "common")
    blocks = []
    for rows in np.array_split(np.arange(outlines.n), -(-outlines.n // BLOCK)):
        weights = rasterise(outlines.take(rows), size, scale[rows]).astype(np.float64)
        no_channel = np.empty((len(rows), 0, size, size))
        features = shape_features(no_channel, weights, [], None)
        x, names = invariant(features)
        blocks.append(x.astype(np.float64))
    return np.concatenate(blocks), names


def feature_sets(names: list[str]) -> dict[str, list[int]]:
    """The columns of each set of features."""
    moments = [i for i, name in enumerate(names) if name.startswith(MOMENTS)]
    seven, both = list(EARLIER)
    return {
        seven: [names.index(name) for name in SEVEN],
        both: [i for i in range(len(names)) if i not in moments],
        "Hu and Zernike moments": moments,
    }


def accuracy(x: np.ndarray, labels: pd.Series) -> dict[str, float | list[float]]:
    """Balanced accuracy over all repeats, its interval, and its spread over the repeats."""
    classes, codes = np.unique(labels, return_inverse=True)
    groups = np.arange(len(codes))
    objects = Labelled(x, codes, groups, classes)
    repeats = []
    for seed in SEEDS:
        parts = folds(codes, groups, FOLDS, seed)
        predicted, _ = out_of_fold(CLASSIFIERS["forest"], objects, parts, seed)
        repeats.append(group_matrices(codes, predicted, groups, np.arange(len(classes))))
    return pooled(repeats)


def pooled(repeats: list[np.ndarray]) -> dict[str, float | list[float] | None]:
    """Balanced accuracy of confusion matrices (repeats, groups, classes, classes) put together."""
    total = np.sum(repeats, axis=0)
    draws = bootstrap_matrices(total, BOOTSTRAPS, np.random.default_rng(0))
    ends = np.quantile(balanced_accuracy(draws), percentiles(total.shape[0]))
    own = [balanced_accuracy(matrices.sum(axis=0)) for matrices in repeats]
    return {
        "balanced_accuracy": round(float(balanced_accuracy(total.sum(axis=0))), 3),
        "interval": [round(float(end), 3) for end in ends],
        "sd_over_repeats": round(float(np.std(own, ddof=1)), 3) if len(own) > 1 else None,
    }


if __name__ == "__main__":
    main()

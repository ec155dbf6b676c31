"""A folder of results of a few models, by the writers of the jobs that make them, for the page."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.analysis.differences import cluster_values, compare_groups, feature_values
from morphoflow.analysis.mixing import mixing, mixing_table
from morphoflow.analysis.ranking import rank_models
from morphoflow.analysis.scores import combine_scores, score, score_table
from morphoflow.figures.save import save_figure, save_figures
from morphoflow.figures.scores import plot_scores
from morphoflow.reading.quality import COUNTS, as_quality, quality_row, verdict_row
from morphoflow.tables import write_objects, write_table

RECORD = {"versions": {"morphoflow": "1.2", "python": "3.11"}, "inputs": ["crops.h5 sha256:ab12"]}
# How often each model is mistaken, in percent, by model and variant.
MISTAKEN = {
    ("shape_features", "default"): 20,
    ("o2vae", "demo"): 22,
    ("o2vae", "untrained"): 40,
}


def write_results(
    folder: Path,
    dataset: str = "discs",
    n: int = 120,
    label: str = "round",
    mistaken: dict[tuple[str, str], int] = MISTAKEN,
) -> None:
    """Write ``folder/<dataset>`` of ``n`` cells, half of them with a ``label``; n = 1 has none."""
    place = folder / dataset
    objects = an_object_table(n, label)
    write_objects(place / "objects.parquet", objects, RECORD)
    write_table(place / "quality.parquet", a_quality_table(n, label), RECORD)
    predictions, tables = {}, []
    for (model, variant), percent in mistaken.items():
        wrong = np.random.default_rng(0).permutation(n) < n * percent // 100
        predictions[model, variant, 0] = predicted(objects, wrong)
        run = {"dataset": dataset, "model": model, "variant": variant, "seed": 0}
        value = 1 - percent / 100 if n > 1 else np.nan
        tables.append(score_table(run, scores_of(value, n)))
        figures = place / model / variant / "seed0/figures"
        save_figure(plot_scores(tables[-1]), figures / "maps.svg", figures / "maps.png")
    scores = combine_scores(tables)
    groups = objects.set_index("id")["group"]
    made = {"scores": scores}
    made["ranking"], made["pairs"] = rank_models(scores, predictions, groups)
    if n > 1:
        made["differences"], made["mixing"] = compared(objects)
    for name, table in made.items():
        write_table(place / "comparison" / f"{name}.parquet", table, RECORD)
    save_figures({"scores": plot_scores(scores)}, place / "figures", RECORD)


def compared(objects: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Differences of the two labels: in area, not in hue, nor in shares of clusters; mixing."""
    n = len(objects)
    x = np.stack([np.arange(n) % 2 * n + np.arange(n), np.arange(n) // 2 % 7], axis=1)
    named = [
        feature_values(x, ["area", "hue"]),
        cluster_values(
            np.where(np.arange(n) // 2 % 2, "1", "0"),
            "shape_features",
            "default",
            np.zeros(n, dtype=bool),
        ),
    ]
    settings = {"column": "label", "unit": "group", "within": None}
    settings["reference"] = objects["label"][0]
    table = compare_groups(named, objects, permutations=499, bootstraps=100, **settings)
    row = {"model": "o2vae", "variant": "demo", "batch": "group"}
    return table, mixing_table([row | mixing(x, objects["group"], objects["label"])])


def an_object_table(n: int, label: str) -> pd.DataFrame:
    names = [f"{label}{i}" for i in range(n)]
    return pd.DataFrame(
        {
            "id": names,
            "source": "crops.h5",
            "label": np.where(np.arange(n) % 2, "long", label) if n > 1 else None,
            "group": names,
            "split": np.array(["train", "train", "validation", "test"])[np.arange(n) % 4],
            "crop_clipped": np.arange(n) % 10 == 1,
        }
    )


def a_quality_table(n: int, label: str) -> pd.DataFrame:
    counts = dict(zip(COUNTS, (n + 3, n), strict=True))
    rows = [verdict_row("crops.h5", "repaired", 1, counts)]
    rows.append(quality_row("repaired", "repaired", "dim", f"{label} is dim", file="crops.h5"))
    return as_quality(rows, COUNTS)


def predicted(objects: pd.DataFrame, wrong: np.ndarray) -> pd.DataFrame:
    """A table of cross-validation in which the objects of ``wrong`` (n,) bool are mistaken."""
    known = objects.dropna(subset="label")
    labels = known["label"].to_numpy()
    other = {name: labels[labels != name][:1] for name in set(labels)}
    guess = [other[name][0] if bad else name for name, bad in zip(labels, wrong, strict=False)]
    table = pd.DataFrame({"id": known["id"], "true": labels, "predicted": guess})
    return table.assign(split="cross_validation", classifier="logistic", repeat=0)


def scores_of(value: float, n: int) -> list[dict]:
    low, high = value - 0.05, value + 0.05
    return [
        score("cross_validation", "logistic_balanced_accuracy", value, n, low, high),
        score("cross_validation", "majority_balanced_accuracy", value * 0 + 0.5, n),
        score("all", "retrieval_map", value, n, low, high),
        score("all", "recommended_ari", value, n),
        score("all", "recommended_stability", value, n),
    ]

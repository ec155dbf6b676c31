"""The ranking of a dataset's models as rows that a page shows."""

import pandas as pd

from morphoflow.plan.models import COMBINATION, settings_of
from morphoflow.report.verdict import BASELINE, COMBINED, LEVEL, TRAINED, UNTRAINED, run_name

# The columns that a page shows, their titles, and what each means.
COLUMNS = {
    "balanced_accuracy": (
        "Balanced accuracy",
        "Logistic regression, cross-validation that holds out whole groups",
    ),
    "auc": ("AUC", "Area under the ROC curve, each label against the rest, in the same folds"),
    "joined_balanced_accuracy": (
        "With features",
        "Balanced accuracy of embedding and named features, their weights learned, same folds",
    ),
    "joined_auc": ("AUC with features", "Area under the ROC curve of both together, same folds"),
    "knn_balanced_accuracy": ("k-NN", "Balanced accuracy of nearest neighbours, same folds"),
    "forest_balanced_accuracy": ("Forest", "Balanced accuracy of a random forest, same folds"),
    "test_balanced_accuracy": ("Test split", "Balanced accuracy on the test split, logistic"),
    "retrieval_map": ("Retrieval", "Mean average precision of ranking all others by distance"),
    "cluster_ari": (
        "Clusters",
        "Adjusted Rand index of the recommended clusters, found without labels, with the labels",
    ),
    "invariance_shift": (
        "Moved by turns",
        "Largest median move as a crop turns, of the way to the nearest other object; low is good",
    ),
}


def kind_of(models: dict[str, dict], model: str, variant: str) -> str:
    """Whether a variant is a baseline, an untrained or a trained network, or a combination."""
    if model == COMBINATION:
        return COMBINED
    if not models[model]["trained"]:
        return BASELINE
    return TRAINED if settings_of(models, model, variant)["epochs"] > 0 else UNTRAINED


def with_kinds(ranking: pd.DataFrame, models: dict[str, dict]) -> pd.DataFrame:
    """The ranking with a column ``kind``."""
    pairs = zip(ranking["model"], ranking["variant"], strict=True)
    return ranking.assign(kind=[kind_of(models, *pair) for pair in pairs])


def columns_of(ranking: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Those of ``COLUMNS`` that have a value in any row."""
    return {
        name: words
        for name, words in COLUMNS.items()
        if name in ranking and ranking[name].notna().any()
    }


def rows_of(ranking: pd.DataFrame) -> list[dict]:
    """The rows with their names, and in words how each compares with the first."""
    return [
        {**row, "name": run_name(row["model"], row["variant"]), "against": _against(row)}
        for row in ranking.astype(object).where(ranking.notna(), None).to_dict("records")
    ]


def _against(row: dict) -> str:
    if row["balanced_accuracy"] is None:
        return "not tested"
    if row["rank"] == 1:
        return "best"
    p = row["corrected_p_value"]
    if p is None:
        return "not tested"
    return f"worse (p {_p(p)})" if p < LEVEL else f"not distinguishable (p {_p(p)})"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"

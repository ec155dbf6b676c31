"""All tables that are made of one embedding, each part by itself.

A part takes the embedding (an AnnData whose ``obs`` are rows of the object table), its settings and
the seed, and returns its tables and perhaps scores, rows of the dataset's comparison, which
:func:`morphoflow.analysis.scores.score_table` completes. Where the objects do not allow it (too
few, of one label or group, all alike), its tables are empty or lack values, scores are missing, and
``attrs`` of the tables hold the sentence that says why.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from morphoflow.analysis.agreement import cluster_scores, most_stable, stability
from morphoflow.analysis.classification import classification_scores, confusion_tables
from morphoflow.analysis.clusters import cluster
from morphoflow.analysis.cross_validation import predict_labels, rare_classes
from morphoflow.analysis.maps import COLUMNS as MAP_COLUMNS
from morphoflow.analysis.maps import map_embedding
from morphoflow.analysis.neighbours import classify
from morphoflow.analysis.observed import held_out_splits, judging_labels, labels_of, splits_of
from morphoflow.analysis.outliers import COLUMNS as OUTLIER_COLUMNS
from morphoflow.analysis.outliers import find_outliers
from morphoflow.analysis.prediction_scores import prediction_scores
from morphoflow.analysis.profiles import cluster_profiles, exemplars
from morphoflow.analysis.retrieval import average_precisions, rank
from morphoflow.analysis.retrieval_groups import with_significance
from morphoflow.analysis.retrieval_scores import retrieval_scores
from morphoflow.analysis.scores import score
from morphoflow.embedding import PART, labels_used
from morphoflow.errors import CannotAnalyse
from morphoflow.reading.labels import LABEL_BY
from morphoflow.store import read_samples
from morphoflow.tables import NOISE, REASONS, RECOMMENDED, because, without

# What a model may have said about how sure it is of an object; it is shown beside the outliers.
UNCERTAINTY = ("posterior_sd", "reconstruction_error")
# Measures that are kept for comparison with published figures, and mislead a reader.
UNFIT = "legacy_"
# Why there are no scores of labels.
FEW_LABELS = "the objects have fewer than two labels: there is nothing to tell apart; give labels"
UNPREDICTED = (
    "no label can be predicted: fewer than two of them are in two groups of objects or more, and "
    "the test split or the training split holds none; give more labels"
)
UNCOMPARED = "no label has two objects that may be compared; give labels, or more groups of objects"


def maps(data: AnnData, settings: dict, seed: int) -> pd.DataFrame:
    """PCA, t-SNE and UMAP coordinates of every object."""
    try:
        table = map_embedding(
            data.X,
            data.obs_names.to_numpy(),
            perplexity=settings["perplexity"],
            neighbours=settings["neighbours"],
            min_distance=settings["min_distance"],
            seed=seed,
        )
    except CannotAnalyse as reason:
        return without(["id", *MAP_COLUMNS], reason)
    if not np.ptp(data.X, axis=0).any():
        return because(table, "all objects have the same embedding, so there is no map of them")
    return table


def clusters(data: AnnData, settings: dict, seed: int) -> tuple[pd.DataFrame, list[dict]]:
    """One column of clusters a method (-1 is noise), and their scores.

    Objects whose column ``clustered`` is False, such as cells that the border cuts, take no part.
    With a method that cannot be used on these objects all are noise, its scores are missing, and
    ``attrs`` hold the reason by method. They also name the recommended method: that of the
    settings, or the most stable one. Its scores stand a second time as ``recommended_<score>``.
    """
    whole, kept = data, _clustered(data)
    data = data[kept]
    columns, rows, reasons, stabilities = {}, {}, {}, {}
    labels, split = judging_labels(data), "test" if labels_used(data) else "all"
    for method in settings["methods"]:
        try:
            columns[method] = cluster(
                data.X,
                method,
                n_clusters=settings["n_clusters"],
                max_clusters=settings["max_clusters"],
                seed=seed,
            )
        except CannotAnalyse as reason:
            columns[method], reasons[method] = np.full(data.n_obs, NOISE), str(reason)
        mine = cluster_scores(data.X, method, columns[method], labels, split=split)
        mine.append(stability(data.X, method, columns[method], _groups(data), seed))
        stabilities[method] = mine[-1]["value"]
        rows[method] = [{**row, "value": np.nan} for row in mine] if method in reasons else mine
    table = pd.DataFrame({"id": whole.obs_names})
    for method, numbers in columns.items():
        table[method] = NOISE
        table.loc[kept, method] = numbers
    table.attrs[REASONS] = reasons
    chosen = settings["recommended"]
    chosen = most_stable(columns, stabilities) if chosen == "stable" else chosen
    table.attrs[RECOMMENDED] = chosen
    rows[RECOMMENDED] = [_as_recommended(row, chosen) for row in rows[chosen]]
    for reason in reasons.values():
        print(f"cannot: {reason}")
    return table, [row for of_method in rows.values() for row in of_method]


def _as_recommended(row: dict, method: str) -> dict:
    """A score of a method under the name that the recommended one's has."""
    return {**row, "score": row["score"].replace(method, RECOMMENDED, 1)}


def profiles(
    data: AnnData, cluster_table: pd.DataFrame, measures: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What sets the clusters of every method apart in named measures, and their exemplars.

    ``cluster_table`` is that of :func:`clusters`, ``measures`` a store of features of all objects.
    """
    x, names = measured(data, measures)
    described, chosen = {}, {}
    for method, numbers in cluster_table.drop(columns="id").items():
        described[method] = cluster_profiles(x, names, numbers.to_numpy())
        best = exemplars(np.asarray(data.X), numbers.to_numpy())
        chosen[method] = best.assign(id=data.obs_names.to_numpy()[best.pop("row").astype(int)])
    return _by_method(described, cluster_table), _by_method(chosen, cluster_table)


def measured(data: AnnData, measures: Path) -> tuple[np.ndarray, list[str]]:
    """The features (n, k) float64 of the objects of an embedding, and their names."""
    store = read_samples(measures)
    place = pd.Index(store.ids).get_indexer(data.obs_names)
    names = [name for name in store.names if not name.startswith(UNFIT)]
    columns = [store.names.index(name) for name in names]
    return np.asarray(store.x)[place][:, columns].astype(np.float64), names


def _by_method(tables: dict[str, pd.DataFrame], cluster_table: pd.DataFrame) -> pd.DataFrame:
    filled = {method: table for method, table in tables.items() if len(table)}
    table = pd.concat(filled or tables, names=["method"]).reset_index(level=0)
    table.attrs = cluster_table.attrs
    return table


def classification(data: AnnData, settings: dict, seed: int) -> tuple[pd.DataFrame, list[dict]]:
    """Who is taken for whom by nearest neighbours, and their scores beside the majority class."""
    groups = _groups(data)
    predictions = classify(
        data.X,
        labels_of(data.obs),
        held_out_splits(data),
        groups,
        neighbours=settings["neighbours"],
        labels_used=labels_used(data),
    )
    rows = [
        row
        for predicted in predictions
        for row in classification_scores(predicted, groups, settings["bootstraps"], seed)
    ]
    table = confusion_tables(predictions)
    return (table, rows) if predictions else (because(table, FEW_LABELS), rows)


def cross_validation(
    data: AnnData, features: np.ndarray, settings: dict, seed: int
) -> tuple[pd.DataFrame, list[dict]]:
    """What each classifier predicted for each object, by nested cross-validation, and scores.

    ``features`` (n, k) are named ones of the objects, which are joined with the embedding too.
    Scores of further labels have the name of their column before their own.
    """
    table, rows = _cross_validated(data, features, labels_of(data.obs), settings, seed)
    if table.empty:
        because(table, UNPREDICTED)
    for column in filter(lambda name: name.startswith(LABEL_BY), data.obs):
        _, further = _cross_validated(data, features, labels_of(data.obs, column), settings, seed)
        rows += [{**row, "score": f"{column}_{row['score']}"} for row in further]
    return _with_ids(table, data), rows


def _cross_validated(
    data: AnnData, features: np.ndarray, labels: np.ndarray, settings: dict, seed: int
) -> tuple[pd.DataFrame, list[dict]]:
    groups = _groups(data)
    rare = rare_classes(labels, groups)
    if rare and not labels_used(data):
        print(f"left out of the cross-validation, since in one group only: {', '.join(rare)}")
    table = predict_labels(
        data.X,
        features,
        labels,
        held_out_splits(data),
        groups,
        parts=data.var[PART].to_numpy() if PART in data.var else None,
        n_folds=settings["folds"],
        repeats=settings["repeats"],
        most_objects=settings["most_objects"],
        labels_used=labels_used(data),
        seed=seed,
    )
    scores = prediction_scores(table, groups, settings["bootstraps"], labels_used(data), seed)
    return table, scores


def retrieval(
    data: AnnData, settings: dict, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict]]:
    """The average precision of each query and of each label, and the scores.

    Every labelled object is a query, and is ranked for all others; if labels were used to learn the
    embedding, test objects alone are. Those whose labels were seen lie where their labels put them,
    so that a ranking of them is either all right or all wrong, and not what chance would give.
    """
    splits, groups = held_out_splits(data), _groups(data)
    ranking = rank(
        data.X,
        judging_labels(data),
        groups,
        np.ones(len(splits), dtype=bool),
        metric=settings["metric"],
        exclude_group=settings["exclude_group"],
    )
    level, draws = settings["false_discovery_rate"], settings["permutations"]
    table, of_labels = with_significance(average_precisions(ranking), ranking, draws, level, seed)
    if table["average_precision"].isna().all():
        because(table, UNCOMPARED)
    of_labels.attrs = table.attrs
    rows = retrieval_scores(
        table,
        splits,
        groups,
        level=level,
        n_bootstraps=settings["bootstraps"],
        labels_used=labels_used(data),
        seed=seed,
    )
    return _with_ids(table, data), of_labels, rows


def outliers(data: AnnData, settings: dict, seed: int) -> tuple[pd.DataFrame, list[dict]]:
    """Distance, log density and their p-values for each object, and the share flagged."""
    splits = splits_of(data.obs)
    if not (splits == "validation").any():
        print("no validation objects to calibrate by: conformal p-values are missing")
    try:
        table = find_outliers(
            data.X,
            splits,
            _groups(data),
            neighbours=settings["neighbours"],
            false_discovery_rate=settings["false_discovery_rate"],
            seed=seed,
        )
    except CannotAnalyse as reason:
        names = ("outlier_fraction", "outlier_components")
        carried = [name for name in UNCERTAINTY if name in data.obs]
        table = without(["id", *OUTLIER_COLUMNS, *carried], reason)
        return table, [score("all", name, np.nan, data.n_obs) for name in names]
    rows = [
        score("all", "outlier_fraction", float(table["outlier"].mean()), len(table)),
        score("all", "outlier_components", float(table.attrs["components"]), len(table)),
    ]
    table.insert(0, "id", data.obs_names.to_numpy(dtype=object))
    carried = [name for name in UNCERTAINTY if name in data.obs]
    table[carried] = data.obs[carried].to_numpy(dtype=float)
    return table, rows


def _clustered(data: AnnData) -> np.ndarray:
    """Which objects (n,) are to be clustered: all, unless the object table says otherwise."""
    if "clustered" not in data.obs:
        return np.ones(data.n_obs, dtype=bool)
    return data.obs["clustered"].to_numpy(dtype=bool)


def _groups(data: AnnData) -> np.ndarray:
    return data.obs["group"].to_numpy(dtype=object)


def _with_ids(table: pd.DataFrame, data: AnnData) -> pd.DataFrame:
    """The table with the id of each row of the embedding in place of its number."""
    table.insert(0, "id", data.obs_names.to_numpy(dtype=object)[table["row"]])
    return table.drop(columns="row")

"""How good clusters are: against labels, by their own distances, and when objects are left out."""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from morphoflow.analysis.clusters import cluster, silhouette
from morphoflow.analysis.clusters_counted import COUNTED
from morphoflow.analysis.scores import score
from morphoflow.tables import NOISE

SHARE = 0.8
REPEATS = 10
# A clustering that leaves more of the objects out is not recommended for them.
MOST_NOISE = 0.5


def cluster_scores(
    x: np.ndarray, method: str, clusters: np.ndarray, labels: np.ndarray, *, split: str = "all"
) -> list:
    """Scores of one clustering (n,) of ``x`` (n, d), as rows named ``<method>_<score>``.

    Against labels (n,) (None where unknown), which are those of ``split``: ``ari`` (Hubert and
    Arabie 1985), ``ami`` (Vinh et al. 2010) and ``purity`` of the objects that have a label and are
    not noise, ``coverage``, the share of objects with a label that are not noise,
    ``matched_accuracy``, the balanced accuracy when each label has a cluster of its own (of all
    objects with a label; 1 / k for the majority), and ``ari_with_noise``, in which each object of
    noise is a cluster of its own. Without labels: ``silhouette`` (noise left out), ``clusters``,
    ``noise_fraction``. A score that is not defined is missing (NaN).
    """
    n, kept = len(clusters), int((clusters != NOISE).sum())
    own = {
        "silhouette": (silhouette(x, clusters), kept),
        "clusters": (float(clusters.max() + 1), n),
        "noise_fraction": (1 - kept / n, n),
    }
    against = label_scores(clusters, labels)
    return [score("all", f"{method}_{name}", *pair) for name, pair in own.items()] + [
        score(split, f"{method}_{name}", *pair) for name, pair in against.items()
    ]


def label_scores(clusters: np.ndarray, labels: np.ndarray) -> dict[str, tuple[float, int]]:
    """The scores of clusters (n,) against labels (n,), each with the objects it is over."""
    known = ~pd.isna(labels)
    truth, assigned = labels[known].astype(str), clusters[known]
    kept = assigned != NOISE
    n, clustered = len(assigned), int(kept.sum())
    scores = {
        "ari": (adjusted_rand_score, truth[kept], assigned[kept]),
        "ami": (adjusted_mutual_info_score, truth[kept], assigned[kept]),
        "purity": (purity, truth[kept], assigned[kept]),
        "ari_with_noise": (adjusted_rand_score, truth, with_singletons(assigned)),
        "matched_accuracy": (matched_accuracy, truth, assigned),
    }
    values = {
        name: (float(measure(a, b)) if len(a) > 1 else np.nan, len(a))
        for name, (measure, a, b) in scores.items()
    }
    return {**values, "coverage": (clustered / n if n else np.nan, n)}


def purity(labels: np.ndarray, clusters: np.ndarray) -> float:
    """The share of objects whose label is the most frequent one of their cluster."""
    return float(pd.crosstab(clusters, labels).max(axis=1).sum() / len(labels))


def matched_accuracy(labels: np.ndarray, clusters: np.ndarray) -> float:
    """Balanced accuracy of clusters as labels, under the best one-to-one matching (Kuhn 1955)."""
    shares = pd.crosstab(labels, clusters, normalize="index").drop(columns=NOISE, errors="ignore")
    rows, columns = linear_sum_assignment(shares, maximize=True)
    return float(shares.to_numpy()[rows, columns].sum() / len(shares))


def with_singletons(clusters: np.ndarray) -> np.ndarray:
    """Clusters (n,) in which every object of noise has become a cluster of its own."""
    noise = clusters == NOISE
    return np.where(noise, clusters.max(initial=NOISE) + np.cumsum(noise), clusters)


def stability(
    x: np.ndarray, method: str, clusters: np.ndarray, groups: np.ndarray, seed: int
) -> dict:
    """The score ``<method>_stability``: agreement with clusters found from 80 % of the groups.

    Whole ``groups`` (n,) of objects are left out, since what shares an animal or an image is alike.

    The mean adjusted Rand index over 10 subsamples, each clustered with a seed of its own (Ben-Hur,
    Elisseeff and Guyon 2002), each object of noise a cluster of its own, between the given clusters
    (n,) and those of the subsample, which has as many where their number is set; ``low`` and
    ``high`` are the extremes. Missing where there are fewer than two clusters or a subsample has
    fewer than 3 objects.
    """
    codes, names = pd.factorize(groups)
    kept = int(SHARE * len(names))
    generator = np.random.default_rng(seed)
    drawn = [generator.choice(len(names), kept, replace=False) for _ in range(REPEATS)]
    parts = [np.flatnonzero(np.isin(codes, chosen)) for chosen in drawn]
    n = min(map(len, parts))
    if n < 3 or clusters.max() < 1:
        return score("all", f"{method}_stability", np.nan, len(x))
    count = min(int(clusters.max()) + 1, n) if method in COUNTED else "auto"
    values = []
    for repeat, part in enumerate(parts):
        again = cluster(x[part], method, n_clusters=count, seed=seed + 1 + repeat)
        before = with_singletons(clusters[part])
        values.append(adjusted_rand_score(before, with_singletons(again)))
    mean, low, high = float(np.mean(values)), min(values), max(values)
    return score("all", f"{method}_stability", mean, len(x), low, high)


def most_stable(clusterings: dict[str, np.ndarray], stabilities: dict[str, float]) -> str:
    """The method whose clusters an embedding is shown with, of those in ``clusterings`` (n,) each.

    Of the methods that put at least half of the objects into two clusters or more, it is the one
    with the largest of the ``stabilities``, see :func:`stability`; the first where they agree in
    two digits, or where none qualifies. That clusters come again says that the data have them, not
    that they are classes, and few clusters come again more easily than many (von Luxburg 2010).
    """
    scored = {
        method: round(stabilities[method], 2)
        for method, clusters in clusterings.items()
        if clusters.max() >= 1
        and (clusters == NOISE).mean() <= MOST_NOISE
        and np.isfinite(stabilities[method])
    }
    return max(scored, key=lambda method: scored[method], default=next(iter(clusterings)))

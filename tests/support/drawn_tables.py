"""Small tables and what is drawn of them."""

import itertools

import numpy as np
import pandas as pd

from morphoflow.figures.clusters import plot_clusters
from morphoflow.figures.confusion import plot_confusion
from morphoflow.figures.history import plot_history
from morphoflow.figures.maps import plot_maps
from morphoflow.figures.neurons import plot_neurons
from morphoflow.figures.quality import plot_quality
from morphoflow.figures.scores import plot_scores
from morphoflow.figures.walks import plot_walks
from morphoflow.neurons.samples.reach import reach_table
from morphoflow.neurons.samples.walks import walks_and_visits
from synthetic_neurons import small_forest

LABELS = ["olfactory projection", None, "interneuron"]


def texts(figure) -> str:
    """All text of a figure."""
    return "\n".join(found.get_text() for found in figure.findobj(lambda a: hasattr(a, "get_text")))


def a_map(n: int = 3, n_labels: int = 2) -> tuple:
    rng = np.random.default_rng(0)
    names = [f"{map_name}_{axis}" for map_name in ("pca", "tsne", "umap") for axis in (1, 2)]
    labels = [None if i == 1 else f"type{i % n_labels}" for i in range(n)]
    splits = [("train", "validation", "test")[i % 3] for i in range(n)]
    maps = pd.DataFrame(rng.normal(size=(n, 6)), columns=names)
    return maps, labels, splits, np.arange(n) % 4 - 1, "kmeans"


def a_history(epochs: int) -> pd.DataFrame:
    values = np.linspace(1, 0.5, epochs)
    return pd.DataFrame(
        {
            "epoch": np.arange(1, epochs + 1),
            "step": np.arange(epochs),
            "learning_rate_main": 0.01,
            "train_loss": values,
            "train_kl": values,
            "validation_loss": values + 0.1,
            "best": np.arange(epochs) < max(1, epochs - 1),
        }
    )


def some_scores() -> pd.DataFrame:
    rows = [
        ("d", model, "default", seed, split, score, value, value - 0.1, value + 0.1, 9)
        for (model, value), seed, (split, score) in itertools.product(
            [("morphvae", 0.5), ("density", 0.8)],
            range(2),
            [
                ("cross_validation", "logistic_balanced_accuracy"),
                ("cross_validation", "majority_balanced_accuracy"),
                ("validation", "knn_balanced_accuracy"),
                ("all", "recommended_ari"),
                ("all", "recommended_stability"),
            ],
        )
    ]
    columns = ["dataset", "model", "variant", "seed", "split", "score", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def some_quality() -> pd.DataFrame:
    rows = [
        ("a.swc", "ok", "info", "verdict"),
        ("a.swc", "ok", "info", "no_soma"),
        ("b.swc", "refused", "info", "verdict"),
        ("b.swc", "refused", "refused", "cycle"),
        ("b.swc", "refused", "refused", "cycle"),
        ("b.swc", "refused", "info", "no_soma"),
    ]
    return pd.DataFrame(rows, columns=["file", "verdict", "severity", "code"])


def figure_of_walks(n: int = 3):
    forest = small_forest(n)
    x, length, visited = walks_and_visits(forest, n_walks=5, n_steps=4, children="uniform", seed=0)
    return plot_walks(forest, LABELS[:n], x, length, reach_table(forest, visited, 4))


CONFUSION = pd.DataFrame(
    [("test", "a", "a", 3), ("test", "a", "b", 1), ("test", "b", "b", 2), ("other", "c", "a", 1)],
    columns=["split", "true", "predicted", "n"],
)
DRAWN = {
    "neurons": lambda: plot_neurons(small_forest(3), LABELS),
    "walks": figure_of_walks,
    "quality": lambda: plot_quality(some_quality()),
    "maps": lambda: plot_maps(*a_map()),
    "clusters": lambda: plot_clusters(LABELS, pd.DataFrame({"hdbscan": [0, -1, 0]})),
    "confusion": lambda: plot_confusion(CONFUSION),
    "history": lambda: plot_history(a_history(3)),
    "scores": lambda: plot_scores(some_scores()),
}

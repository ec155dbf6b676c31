"""The one file of a run to open elsewhere: an AnnData by the conventions of scverse.

``X`` are measured features under their names, since viewers colour by and compare variables; the
embedding and its maps are in ``obsm``, as scanpy looks for them; what was found of each object is
in ``obs``, with the colours of the figures in ``uns``.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from morphoflow.analysis.geometry import principal_components
from morphoflow.analysis.maps import COMPONENTS
from morphoflow.colors import GREY, LABEL_COLORS, cluster_color, label_colors, sorted_labels
from morphoflow.embedding import LABELS_USED
from morphoflow.store import read_samples
from morphoflow.tables import NOISE, RECOMMENDED

FLAGS = {False: ("typical", GREY), True: ("outlier", "#C8102E")}
SPLIT_COLORS = {"train": GREY, "validation": LABEL_COLORS[4], "test": LABEL_COLORS[0]}
# More names than this have no colours worth telling apart.
MOST_COLORS = 100


def annotate(
    embedding: AnnData,
    measures: Path,
    maps: pd.DataFrame,
    clusters: pd.DataFrame,
    outliers: pd.DataFrame,
) -> AnnData:
    """All that is known of the n objects of an ``embedding``, in its order.

    ``X`` (n, features) float32 and ``var`` are the named ``measures``; ``obsm`` holds the embedding
    as ``X_embedding`` (n, d), up to 50 of its principal components as ``X_pca``, and ``X_tsne`` and
    ``X_umap`` (n, 2) where ``maps`` have them. To ``obs`` come ``clusters``, those of the
    recommended method, ``clusters_<method>`` of each, and the scores of ``outliers``.
    """
    ids = embedding.obs_names
    store = read_samples(measures)
    place = pd.Index(store.ids).get_indexer(ids)
    found = AnnData(
        X=np.asarray(store.x)[place].astype(np.float32),
        obs=embedding.obs.rename(columns=_renamed(embedding, clusters)),
        var=pd.DataFrame(index=pd.Index(store.names, name="feature")),
        obsm={"X_embedding": np.asarray(embedding.X), **_maps(embedding, maps)},
        uns={LABELS_USED: embedding.uns[LABELS_USED], "clusters": clusters.attrs[RECOMMENDED]},
    )
    _add_clusters(found, _in_order(clusters, ids))
    if len(outliers):
        _add_outliers(found, _in_order(outliers, ids))
    _color_columns(found)
    _as_plain_texts(found)
    return found


def _as_plain_texts(found: AnnData) -> None:
    """Texts as objects: those of pandas 3 are written in a way that older readers do not know."""
    for table in (found.obs, found.var):
        table.index = table.index.astype(object)
        for name, column in table.items():
            if isinstance(column.dtype, pd.CategoricalDtype):
                table[name] = column.cat.rename_categories(column.cat.categories.astype(object))
            elif pd.api.types.is_string_dtype(column.dtype):
                table[name] = column.astype(object)


def _renamed(embedding: AnnData, clusters: pd.DataFrame) -> dict[str, str]:
    """New names for those columns of a user's that have the name of one that comes to them."""
    added = {"clusters", "outlier", *(f"clusters_{method}" for method in clusters)}
    return {name: f"given_{name}" for name in embedding.obs if name in added}


def _in_order(table: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    return table.set_index("id").loc[ids]


def _maps(embedding: AnnData, maps: pd.DataFrame) -> dict[str, np.ndarray]:
    x = np.asarray(embedding.X)
    components, _ = principal_components(x, max(2, min(COMPONENTS, *x.shape)))
    placed = {"X_pca": components.astype(np.float32)}
    if len(maps):
        table = _in_order(maps, embedding.obs_names)
        for name in ("tsne", "umap"):
            xy = table[[f"{name}_1", f"{name}_2"]].to_numpy(dtype=np.float32)
            # A viewer stops at coordinates that are not there.
            if np.isfinite(xy).all():
                placed[f"X_{name}"] = xy
    return placed


def _add_clusters(found: AnnData, clusters: pd.DataFrame) -> None:
    shown = {"clusters": clusters[found.uns["clusters"]]}
    shown |= {f"clusters_{method}": clusters[method] for method in clusters}
    for column, numbers in shown.items():
        present = sorted(set(numbers), key=lambda number: (number == NOISE, number))
        names = ["noise" if number == NOISE else str(number) for number in present]
        named = numbers.map(dict(zip(present, names, strict=True)))
        found.obs[column] = pd.Categorical(named, categories=names)
        found.uns[f"{column}_colors"] = [cluster_color(number) for number in present]


def _add_outliers(found: AnnData, outliers: pd.DataFrame) -> None:
    flagged = outliers["outlier"].astype(bool).to_numpy()
    present = sorted(set(flagged))
    names = [FLAGS[flag][0] for flag in present]
    found.obs["outlier"] = pd.Categorical([FLAGS[flag][0] for flag in flagged], categories=names)
    found.uns["outlier_colors"] = [FLAGS[flag][1] for flag in present]
    scores = outliers.drop(columns=["outlier", *(name for name in outliers if name in found.obs)])
    for name, values in scores.items():
        found.obs[f"outlier_{name}"] = values.to_numpy(dtype=np.float32)


def _color_columns(found: AnnData) -> None:
    """Categories in the order of the figures, with their colours; columns without any go."""
    for name in found.obs.select_dtypes("category"):
        column = found.obs[name].cat.remove_unused_categories()
        if not len(column.cat.categories):
            del found.obs[name]
            continue
        found.obs[name] = column
        if f"{name}_colors" in found.uns or len(column.cat.categories) > MOST_COLORS:
            continue
        ordered = sorted_labels(column.cat.categories)
        colors = SPLIT_COLORS if name == "split" else label_colors(ordered)
        found.obs[name] = column.cat.set_categories(ordered)
        found.uns[f"{name}_colors"] = [colors[category] for category in ordered]

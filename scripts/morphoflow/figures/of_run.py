"""The figures of one run, by name, each drawn from files of the run and of its dataset.

Which of them a run has, the rules say: those of the analysis for every run, others by what its
model is able to do and by what its dataset holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.figure import Figure

from morphoflow.analysis.observed import labels_of, splits_of
from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.embedding import read_embedding
from morphoflow.errors import CannotAnalyse, InputError
from morphoflow.figures.arbors import plot_arbors
from morphoflow.figures.cluster_gallery import plot_cluster_gallery
from morphoflow.figures.cluster_slice import (
    busiest_slice,
    clusters_of,
    plot_cluster_slice,
    thinned,
)
from morphoflow.figures.clusters import agreement_of, plot_clusters
from morphoflow.figures.confusion import plot_confusion
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.cross_validation import plot_cross_validation
from morphoflow.figures.dendrites import read_images
from morphoflow.figures.generated import plot_generated
from morphoflow.figures.generated_neurons import plot_generated_neurons, several_fold
from morphoflow.figures.growth import plot_growth
from morphoflow.figures.history import plot_history
from morphoflow.figures.image_map import plot_image_map
from morphoflow.figures.interpolation import plot_interpolation
from morphoflow.figures.invariance import plot_invariance
from morphoflow.figures.kappa_probes import plot_kappa_probes
from morphoflow.figures.maps import plot_maps
from morphoflow.figures.nearest_images import plot_nearest_images, shown_rows
from morphoflow.figures.outlier_gallery import plot_outlier_gallery
from morphoflow.figures.outliers import plot_outliers
from morphoflow.figures.profiles import plot_profiles
from morphoflow.figures.realism import plot_realism, plot_realism_details
from morphoflow.figures.reconstructions import MOST, Reconstructions, plot_reconstructions
from morphoflow.figures.retrieval import plot_retrieval
from morphoflow.figures.style import say
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.figures.uncertainty import plot_uncertainty, uncertainty_of
from morphoflow.figures.walk_map import plot_walk_map
from morphoflow.forest import Forest
from morphoflow.integrity import open_store
from morphoflow.rows import rows_in_order
from morphoflow.store import read_samples
from morphoflow.tables import (
    REASONS,
    RECOMMENDED,
    align_objects,
    read_objects,
    read_table,
    refuse_missing,
)


@dataclass(frozen=True)
class RunFiles:
    """The files of a run in the folder ``run``, and those of its dataset in ``dataset``.

    ``pictures`` is the store with a picture of each object, where there is one. Of the settings,
    ``source`` is the volume into which clusters are painted, ``first_source`` its name where there
    are several, and ``copy_threshold`` says from what correlation on an image is a copy.
    """

    run: Path
    dataset: Path
    pictures: Path | None
    settings: dict

    def table(self, name: str) -> pd.DataFrame:
        """A table of the run; raises CannotAnalyse with the reason if it could not be made."""
        return refuse_missing(read_table(self.run / f"{name}.parquet"))

    def in_order(self, name: str) -> pd.DataFrame:
        """A table of the run with a row for each object of the embedding, in its order."""
        return rows_in_order(self.run / f"{name}.parquet", self.embedding.obs_names)

    @cached_property
    def method(self) -> str:
        """The recommended clustering method."""
        return self.table("clusters").attrs[RECOMMENDED]

    @cached_property
    def clusters(self) -> np.ndarray:
        """The clusters (n,) of the embedding's objects by the recommended method."""
        return self.in_order("clusters")[self.method].to_numpy()

    @cached_property
    def embedding(self) -> AnnData:
        """The embedding with its objects."""
        return read_embedding(self.run / "embedding.h5ad")

    @cached_property
    def labels(self) -> list:
        """The labels of the embedding's objects."""
        return list(labels_of(self.embedding.obs))

    @cached_property
    def splits(self) -> list:
        """The splits of the embedding's objects."""
        return list(splits_of(self.embedding.obs))

    @cached_property
    def crops(self) -> Crops:
        """The pictures of the embedding's objects, in its order."""
        return Crops.read(self.pictures).select(self.embedding.obs_names.to_numpy())


def maps(files: RunFiles) -> Figure:
    """PCA, t-SNE and UMAP, with labels and with the recommended clusters."""
    points = files.in_order("maps")
    return plot_maps(points, files.labels, files.splits, files.clusters, files.method)


def clusters(files: RunFiles) -> Figure:
    """The clusters of every method against the labels."""
    agreement = agreement_of(files.table("cluster_scores"))
    table = files.in_order("clusters").drop(columns="id")
    reasons = table.attrs.get(REASONS, {})
    if len(reasons) == table.shape[1]:
        raise CannotAnalyse("; ".join(dict.fromkeys(reasons.values())))
    return plot_clusters(files.labels, table.drop(columns=list(reasons)), agreement)


def profiles(files: RunFiles) -> Figure:
    """What sets each cluster apart from all other objects."""
    table, method = files.table("cluster_profiles"), files.method
    if method in table.attrs.get(REASONS, {}):
        raise CannotAnalyse(table.attrs[REASONS][method])
    return plot_profiles(table, method)


def confusion(files: RunFiles) -> Figure:
    """Which labels are taken for which, by nearest neighbours."""
    return plot_confusion(files.table("confusion"))


def cross_validation(files: RunFiles) -> Figure:
    """How well classifiers predict the labels."""
    return plot_cross_validation(files.table("cross_validation_scores"))


def retrieval(files: RunFiles) -> Figure:
    """How far ahead objects of the same label are."""
    return plot_retrieval(files.table("retrieval"), files.table("retrieval_labels"))


def outliers(files: RunFiles) -> Figure:
    """Objects that are far from others, or improbable."""
    return plot_outliers(files.in_order("outliers"), files.splits)


def history(files: RunFiles) -> Figure:
    """The course of the training."""
    return plot_history(files.table("history"))


def cluster_gallery(files: RunFiles) -> Figure:
    """Pictures of the members of clusters."""
    x = np.asarray(files.embedding.X)
    return plot_cluster_gallery(files.crops, x, files.clusters, files.labels, files.method)


def outlier_gallery(files: RunFiles) -> Figure:
    """Pictures of outliers."""
    return plot_outlier_gallery(files.crops, files.in_order("outliers"), files.labels)


def image_map(files: RunFiles) -> Figure:
    """A map of the embedding made of pictures."""
    return plot_image_map(files.crops, files.in_order("maps"), files.labels)


def cluster_slice(files: RunFiles) -> Figure:
    """The slice of the EM that most objects cross, each in the colour of its cluster.

    Of a dataset with several volumes it is the first one's.
    """
    # Numba, which volumes need and no other figure, takes as long to load as a figure to draw.
    from morphoflow.organelles.volumes.open_source import open_source

    volumes = open_source(files.settings["source"])
    table = read_objects(files.dataset / "objects.parquet")
    if files.settings["first_source"]:
        table = table[table["source"] == files.settings["first_source"]]
    clusters = rows_in_order(files.run / "clusters.parquet", pd.Index(table["id"]))
    box = busiest_slice(table, volumes.shape)
    step = thinned(box)
    em = volumes.read_em(box)[0, ::step, ::step].astype(float) if volumes.has_em else None
    labels = volumes.read_labels(box)[0, ::step, ::step]
    painted = clusters_of(labels, table["label_id"].to_numpy(), clusters[files.method].to_numpy())
    voxel = tuple(step * size for size in volumes.voxel_size_nm[1:])
    return plot_cluster_slice(em, painted, voxel, box.start[0], files.method)


def reconstructions(files: RunFiles) -> Figure:
    """Objects and what the decoder makes of them."""
    group = open_store(files.run / "shapes.zarr")
    made = Reconstructions.read(group["reconstructions"], MOST)
    return plot_reconstructions(made, Crops.read(files.pictures).channels)


def traversals(files: RunFiles) -> Figure:
    """Lines through the latent."""
    group = open_store(files.run / "shapes.zarr")
    return plot_traversals(Paths.read(group), Crops.read(files.pictures).channels)


def uncertainty(files: RunFiles) -> Figure:
    """How sure the model is of each object, and how well it draws it."""
    return plot_uncertainty(files.crops, uncertainty_of(files.embedding.obs), files.labels)


def invariance(files: RunFiles) -> Figure:
    """How far turns and flips of an image move its embedding."""
    return plot_invariance(files.table("invariance"))


def kappa_probes(files: RunFiles) -> Figure:
    """Walks of known shape under noise."""
    return plot_kappa_probes(files.table("kappa_probes"))


def walk_map(files: RunFiles) -> Figure:
    """A map of the latents of single walks."""
    return plot_walk_map(files.table("walk_map"))


def generated_neurons(files: RunFiles) -> Figure:
    """Generated neurons of every class beside real ones that were held out."""
    trees, folder = files.dataset / "trees.zarr", files.run / "generated_trees.zarr"
    forest, made = Forest.read(trees), Forest.read(folder)
    table = read_objects(files.dataset / "objects.parquet")
    table = align_objects(table, list(forest.ids), str(trees))
    origins = align_objects(files.table("generated_trees"), list(made.ids), str(folder))
    held_out = np.flatnonzero(table["split"] == "test")
    return plot_generated_neurons(
        forest.select(held_out),
        table["label"].iloc[held_out].tolist(),
        made,
        origins["label"].tolist(),
        several_fold(files.table("tree_realism_scores")),
    )


def generated(files: RunFiles) -> Figure:
    """Generated images beside real ones."""
    real = read_images(files.dataset / "samples/images.zarr")
    objects = read_objects(files.dataset / "objects.parquet")
    labels = align_objects(objects, real.ids, "the images")["label"].fillna("").tolist()
    return plot_generated(read_images(files.run / "generated.zarr"), real, labels)


def growth(files: RunFiles) -> Figure:
    """What a generator made of the same latents in the course of its training."""
    # Reading a model takes torch, which takes as long to load as most figures to draw.
    from morphoflow.model import read_model
    from morphoflow.models.interface import Filming, load_model

    fitted = read_model(files.run / "model.pt")
    return plot_growth(load_model(fitted.code, Filming).timelapse(fitted))


def ways(files: RunFiles) -> Figure:
    """What lies between noise and the images that come out of it."""
    images = open_store(files.run / "ways.zarr")["x"][:]
    steps = np.arange(len(images))
    return plot_growth(Timelapse(images, steps, np.full(len(steps), images.shape[-1])))


def interpolation(files: RunFiles) -> Figure:
    """A way through the latent of a generating model."""
    return plot_interpolation(open_store(files.run / "interpolation.zarr")["x"][:])


def arbors(files: RunFiles) -> Figure:
    """Statistics of the arbors in real and in generated images."""
    real = read_table(files.dataset / "arbors.parquet")
    return plot_arbors({"real": real, "generated": files.table("generated_arbors")})


def nearest(files: RunFiles) -> Figure:
    """Generated images, each beside the training image that it is most like."""
    from morphoflow.dendrites.realism.memorisation import laid_upon

    table = files.table("nearest")
    shown = shown_rows(table)
    made = _images_of(files.run / "generated.zarr", shown["id"])
    near = _images_of(files.dataset / "samples/images.zarr", shown["nearest"])
    pairs = np.concatenate([made, laid_upon(near, shown)], axis=1)
    return plot_nearest_images(table, shown, pairs, files.settings["copy_threshold"])


def _images_of(path: Path, ids: pd.Series) -> np.ndarray:
    """The images (n, 1, s, s) of a store with the given ids, in their order."""
    store = read_samples(path)
    place = pd.Index(store.ids).get_indexer(ids)
    if (place < 0).any():
        raise InputError(f"{path} lacks '{ids.iloc[place.argmin()]}'; measure realism anew.")
    rows, inverse = np.unique(place, return_inverse=True)
    return np.asarray(store.x.oindex[rows])[inverse]


def realism(files: RunFiles) -> Figure:
    """How far generated images are from real ones."""
    return plot_realism(files.table("realism"))


def realism_details(files: RunFiles) -> Figure:
    """The same, measure by measure."""
    return plot_realism_details(files.table("realism"))


def figure_of(name: str, files: RunFiles) -> Figure:
    """One of the ``FIGURES``, or in its place the sentence that says why it cannot be drawn."""
    try:
        return FIGURES[name](files)
    except CannotAnalyse as reason:
        return say(str(reason))


FIGURES: dict[str, Callable[[RunFiles], Figure]] = {
    figure.__name__: figure
    for figure in (
        maps,
        clusters,
        profiles,
        confusion,
        cross_validation,
        retrieval,
        outliers,
        history,
        cluster_gallery,
        outlier_gallery,
        image_map,
        cluster_slice,
        reconstructions,
        traversals,
        uncertainty,
        invariance,
        kappa_probes,
        walk_map,
        generated_neurons,
        generated,
        growth,
        ways,
        interpolation,
        arbors,
        nearest,
        realism,
        realism_details,
    )
}

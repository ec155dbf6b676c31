"""The images that realism is measured over, drawn from stores and joined to their statistics."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import zarr

from morphoflow.dendrites.arbors.arbors import SHOLL
from morphoflow.errors import InputError
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, read_table


@dataclass(frozen=True)
class Images:
    """Images of a store by id: ``rows`` (n,) of ``x``, their ``ids``, ``groups`` and ``splits``.

    ``statistics`` (n, k) are those of arbors, in the order of ``names`` (k,), measured with pixels
    of ``pixel_um`` (n,), or in pixels where that is None.
    """

    x: zarr.Array
    rows: np.ndarray
    ids: np.ndarray
    groups: np.ndarray
    splits: np.ndarray
    statistics: np.ndarray
    names: list[str]
    pixel_um: np.ndarray | None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, chosen: np.ndarray) -> "Images":
        """Some of the images, in the order of ``chosen`` (m,), places or bool."""
        columns = ("rows", "ids", "groups", "splits", "statistics")
        parts = {name: getattr(self, name)[chosen] for name in columns}
        pixel = None if self.pixel_um is None else self.pixel_um[chosen]
        return replace(self, pixel_um=pixel, **parts)

    def drawn(self, most: int, rng: np.random.Generator) -> "Images":
        """At most ``most`` of the images at random, in the order of their ids."""
        return self.take(np.sort(rng.permutation(len(self))[:most]))

    def read(self) -> np.ndarray:
        """The images (n, 1, s, s) uint8."""
        order = np.argsort(self.rows)
        return np.asarray(self.x.oindex[self.rows[order]])[np.argsort(order)]


def real_images(samples: Path, objects: Path, arbors: Path) -> Images:
    """All images of a dataset in the order of their ids."""
    store = read_samples(samples)
    table = align_objects(read_objects(objects), store.ids, str(samples))
    groups, splits = (table[name].to_numpy(dtype=object) for name in ("group", "split"))
    images = _joined(store, groups, splits, arbors)
    if any(name.endswith("_px") for name in images.names):
        return images
    if "pixel_um" not in table:
        raise InputError(f"{arbors} is in um, but {objects} has no column pixel_um; remake both.")
    return replace(images, pixel_um=table["pixel_um"].to_numpy(dtype=float)[images.rows])


def generated_images(generated: Path, arbors: Path, like: Images) -> Images:
    """All generated images by id, each a group of its own; they must be ``like`` the real ones."""
    store = read_samples(generated)
    _check_size(store, generated, like, "generate images with a model of this dataset")
    images = _joined(store, store.ids, np.full(len(store.ids), "generated"), arbors)
    _check_names(images, arbors, like)
    return images


def simulated_images(samples: Path, objects: Path, arbors: Path, like: Images) -> Images:
    """All images of a simulated dataset by id; they must be ``like`` the real ones."""
    _check_size(read_samples(samples), samples, like, "give both datasets one `images.size`")
    images = real_images(samples, objects, arbors)
    _check_names(images, arbors, like)
    return images


def _check_size(store, place: Path, like: Images, way: str) -> None:
    size, expected = store.x.shape[1:], like.x.shape[1:]
    if size != expected:
        raise InputError(
            f"{place} holds images of shape {size}, the real ones have {expected}; {way}."
        )


def _check_names(images: Images, arbors: Path, like: Images) -> None:
    if images.names != like.names:
        raise InputError(
            f"{arbors} holds other statistics than the real images have; "
            f"measure both with the same pixel size."
        )


def _joined(store, groups: np.ndarray, splits: np.ndarray, arbors: Path) -> Images:
    table = read_table(arbors).set_index("id")
    order = np.argsort(store.ids)
    ids = store.ids[order]
    absent = ids[~np.isin(ids, table.index)]
    if len(absent):
        raise InputError(f"{arbors} has no arbor statistics of '{absent[0]}'; remake it.")
    numbers = table.loc[ids].select_dtypes("number").drop(columns=[*SHOLL], errors="ignore")
    return Images(
        x=store.x,
        rows=order,
        ids=ids,
        groups=np.asarray(groups)[order],
        splits=np.asarray(splits)[order],
        statistics=numbers.to_numpy(dtype=float),
        names=list(numbers.columns),
        pixel_um=None,
    )

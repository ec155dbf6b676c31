"""Small crops and what is drawn of them."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.figures.cluster_gallery import (
    plot_cluster_gallery,
)
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.crops import plot_crops
from morphoflow.figures.image_map import plot_image_map
from morphoflow.figures.invariance import plot_invariance
from morphoflow.figures.outlier_gallery import plot_outlier_gallery
from morphoflow.figures.reconstructions import (
    Reconstructions,
    plot_reconstructions,
)
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.figures.uncertainty import plot_uncertainty
from morphoflow.integrity import new_store, open_store
from morphoflow.store import write_array, write_ids


def texts(figure) -> str:
    """All text of a figure."""
    return "\n".join(found.get_text() for found in figure.findobj(lambda a: hasattr(a, "get_text")))


def images(figure) -> list[np.ndarray]:
    """The images of a figure in the order in which they were drawn."""
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def disks(n: int, c: int = 1, size: int = 16) -> np.ndarray:
    """Crops (n, c, size, size) with a disk each, larger from object to object."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    radius = np.linspace(0.15, 0.45, n)[:, None, None, None] * size
    offset = np.arange(c)[:, None, None]
    return np.clip(radius - np.hypot(y - offset, x), 0, 1).astype(np.float32)


def some_crops(n: int = 12, c: int = 1, pixel: float | None = 0.5) -> Crops:
    names = [f"channel_{i}" for i in range(c)]
    return Crops(disks(n, c), np.array([f"cell{i:03d}" for i in range(n)]), names, pixel)


def some_labels(n: int = 12, kinds: int = 2) -> list:
    return [None if i % 5 == 4 else f"type{i % kinds}" for i in range(n)]


def an_embedding(n: int = 12) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)


def some_outliers(n: int = 12) -> pd.DataFrame:
    distance = np.arange(n) ** 2 / n
    return pd.DataFrame(
        {
            "id": [f"cell{i:03d}" for i in range(n)],
            "distance": distance,
            "distance_p": 1 - np.arange(n) / (n + 1),
            "log_density": -distance[::-1],
            "log_density_p": np.linspace(1e-5, 1, n),
            "outlier": np.arange(n) == n - 1,
        }
    )


def a_map(n: int = 12) -> pd.DataFrame:
    xy = np.random.default_rng(1).normal(size=(n, 2))
    return pd.DataFrame({"umap_1": xy[:, 0], "umap_2": xy[:, 1]})


def an_invariance(n: int = 6, angles=(0, 30, 90, 180, 270), flips=(False, True)) -> pd.DataFrame:
    rows = [
        (f"cell{i}", angle, flip, 0.0 if angle % 90 == 0 else 0.02 * (i + 1), 0.5, angle != 30)
        for i in range(n)
        for angle in angles
        for flip in flips
    ]
    columns = ["id", "angle_deg", "flip", "shift", "nearest", "itself_first"]
    return pd.DataFrame(rows, columns=columns)


def write_shapes(path: Path, n: int = 5, c: int = 1, axes: int = 2, pairs: int = 2) -> Path:
    """A store of shapes in which the errors fall from object to object."""
    x = disks(n, c)
    parts = {
        "reconstructions": {
            "id": np.array([f"cell{i:03d}" for i in range(n)]),
            "original": x,
            "decoded": x * 0.5,
            "aligned": x * 0.75,
            "angle_deg": np.arange(n) * 10.0,
            "flip": np.arange(n) % 2,
            "error": np.arange(n)[::-1] + 1.0,
        },
        "traversals": {
            "x": np.stack([disks(3, c)] * axes),
            "sd": np.array([-2.0, 0.0, 2.0]),
            "share": 0.5 ** np.arange(1, axes + 1),
        },
        "interpolations": {
            "x": np.stack([disks(4, c)] * 2)[:pairs],
            "start": disks(2, c)[:pairs],
            "end": disks(2, c)[:pairs],
            "id": np.array([f"cell{i:03d}" for i in range(4)]).reshape(2, 2)[:pairs],
        },
    }
    with new_store(path) as group:
        for part, arrays in parts.items():
            made = group.create_group(part)
            for name, values in arrays.items():
                if name == "id":
                    write_ids(made, values, None)
                else:
                    write_array(made, name, values)
    return path


def uncertainties(n: int = 12) -> np.ndarray:
    return np.exp(np.random.default_rng(2).normal(size=(n, 2)))


def reconstructions_of(path: Path):
    made = Reconstructions.read(open_store(path)["reconstructions"], 9)
    return plot_reconstructions(made, ["a"])


DRAWN = {
    "crops": lambda tmp: plot_crops(some_crops(), some_labels()),
    "reconstructions": lambda tmp: reconstructions_of(write_shapes(tmp / "s.zarr")),
    "traversals": lambda tmp: plot_traversals(
        Paths.read(open_store(write_shapes(tmp / "s.zarr"))), ["a"]
    ),
    "cluster_gallery": lambda tmp: plot_cluster_gallery(
        some_crops(), an_embedding(), np.arange(12) % 3 - 1, some_labels(), "kmeans"
    ),
    "outlier_gallery": lambda tmp: plot_outlier_gallery(
        some_crops(), some_outliers(), some_labels()
    ),
    "image_map": lambda tmp: plot_image_map(some_crops(), a_map(), some_labels()),
    "invariance": lambda tmp: plot_invariance(an_invariance()),
    "uncertainty": lambda tmp: plot_uncertainty(some_crops(), uncertainties(), some_labels()),
}


def _box_of(key, figure):
    return key.get_window_extent().transformed(figure.transFigure.inverted())

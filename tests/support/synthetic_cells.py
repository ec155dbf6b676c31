"""Small synthetic cells with known answers, for the tests of all modules that take crops."""

from pathlib import Path

import h5py
import numpy as np
import tifffile

CROPS = {
    "size": 32,
    "scale": "fixed",
    "fill": 0.8,
    "centre": "mask",
    "background": "mask",
    "border": "keep",
    "range": "type",
    "percentiles": [0.1, 99.9],
}
SETTINGS = {
    "crops": CROPS,
    "label_column": "label",
    "on_bad_input": "stop",
    "split": {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 1},
}


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    """Which pixels (h, w) of an image lie within ``radius`` of the centre (y, x)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def ellipse_crops(
    n: int, size: int = 32, channels: int = 1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lopsided ellipses: ``x`` (n, c, size, size) float32 in 0..1, masks (n, size, size) uint8, and
    labels (n,), ``long`` or ``round``, alternating.

    Each has an axis ratio by its class, an angle, a bright spot off its axes (so that no flip or
    turn maps it onto itself) and smooth edges.
    """
    rng = np.random.default_rng(seed)
    labels = np.array(["long", "round"])[np.arange(n) % 2]
    angle = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    long = size * rng.uniform(0.28, 0.38, (n, 1, 1))
    ratio = np.where(labels == "long", 0.45, 0.85)[:, None, None] + rng.normal(0, 0.03, (n, 1, 1))
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    along = np.cos(angle) * x + np.sin(angle) * y
    across = np.cos(angle) * y - np.sin(angle) * x
    radius = np.hypot(along / long, across / (long * ratio))
    mask = 1 / (1 + np.exp((radius - 1) * long))
    spot = np.hypot(along - 0.45 * long, across - 0.3 * long * ratio) / (0.3 * long)
    shades = np.stack([0.4 + 0.6 * np.exp(-((k + 1) * spot**2)) for k in range(channels)], axis=1)
    crops = (mask[:, None] * shades).astype(np.float32)
    return crops, np.rint(255 * mask).astype(np.uint8), labels


def field(
    shape: tuple[int, int] = (160, 200), channels: int = 1, n: int = 12, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """An image (c, h, w) uint16 and its instance mask (h, w) uint16 with ``n`` discs of 1 to ``n``.

    The discs lie on a grid with cells of 40 px, jittered; none touches another or the border.
    """
    rng = np.random.default_rng(seed)
    places = [
        (20 + 40 * i, 20 + 40 * j) for i in range(shape[0] // 40) for j in range(shape[1] // 40)
    ]
    labels = np.zeros(shape, dtype=np.uint16)
    for label, place in enumerate(places[:n], start=1):
        centre = np.array(place) + rng.uniform(-4, 4, 2)
        labels[disc(shape, centre, rng.uniform(6, 11))] = label
    noise = rng.integers(2000, 60000, (channels, *shape)).astype(np.uint16)
    return np.where(labels > 0, noise, noise // 40), labels


def write_crops(
    file: Path, n: int = 12, size: int = 32, channels: int = 1, mask: bool = True, seed: int = 0
) -> Path:
    """``ellipse_crops`` as an HDF5 source: x (uint8), id, label, group and, if wanted, mask."""
    x, masks, labels = ellipse_crops(n, size, channels, seed)
    with h5py.File(file, "w") as group:
        group["x"] = np.rint(255 * x).astype(np.uint8)
        group["id"] = [f"cell{i:03d}" for i in range(n)]
        group["label"] = labels.tolist()
        group["group"] = [f"image{i // 2}" for i in range(n)]
        if mask:
            group["mask"] = masks
        group.attrs["pixel_size_um"] = 0.5
        group.attrs["channels"] = [f"stain{i}" for i in range(channels)]
    return file


def write_fields(folder: Path, n: int = 3, channels: int = 1, pixel_um: float | None = 0.5) -> dict:
    """``n`` fields of discs as OME-TIFF images and TIFF masks; the source that names them."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for i in range(n):
        image, labels = field(channels=channels, seed=i)
        size = {} if pixel_um is None else {f"PhysicalSize{a}": pixel_um for a in "XY"}
        names = {"Channel": {"Name": [f"stain{k}" for k in range(channels)]}}
        tifffile.imwrite(
            folder / "images" / f"field{i}.ome.tif",
            image,
            metadata={"axes": "CYX", **size, **names},
        )
        tifffile.imwrite(folder / "masks" / f"field{i}.tif", labels)
    return {"images": str(folder / "images"), "masks": str(folder / "masks")}

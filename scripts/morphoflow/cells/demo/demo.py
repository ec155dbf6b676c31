"""Demo data of cells: what a card's files become, in a folder that a dataset can name."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from morphoflow.cells.demo.digits import orient, orientations, read_digits
from morphoflow.cells.shapes.outlines import Outlines, centroids, clean, radii, read_outlines
from morphoflow.errors import InputError

MARGIN_PX = 1


def write_digits(facts: dict, content: dict[str, bytes], folder: Path) -> str:
    """Turn and flip digits at random and write them as crops; the orientations are columns."""
    digits, classes = read_digits(content[facts["files"][0]["path"]])
    angle, flip = orientations(len(digits), facts["seed"])
    x = orient(digits, angle, flip, facts["interpolation"])
    ids = [f"digit_{row:04d}" for row in range(len(digits))]
    table = pd.DataFrame({"id": ids, "label": classes, "group": ids})
    table["angle_deg"], table["flip"] = np.round(angle, 4), flip.astype(int)
    write_crops(folder, x[:, None], table, channels=["intensity"])
    return f"{len(ids)} digits"


def write_images(facts: dict, content: dict[str, bytes], folder: Path) -> str:
    """Write images and masks under the names that the card gives them."""
    for file in facts["files"]:
        path = folder / file["name"]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content[file["path"]])
    return f"{len(content)} files"


def write_outlines(facts: dict, content: dict[str, bytes], folder: Path) -> str:
    """Fill outlines and write them as crops; returns what was done.

    The crop is its own mask. The farthest point of the largest cell, or of each where the card's
    ``scaling`` is ``each``, lies ``MARGIN_PX`` from the border at any angle; the column
    ``crop_scale`` is in pixels per unit of the outline.
    """
    outlines, table, reasons = labelled_outlines(facts, content)
    scale = crop_scales(outlines, facts["size"], facts["scaling"])
    filled = np.rint(255 * rasterise(outlines, facts["size"], scale)).astype(np.uint8)
    table = table.assign(crop_scale=np.round(scale, 6))
    write_crops(folder, filled[:, None], table, channels=["mask"], mask=filled)
    dropped = [f"cell_{row:03d} was dropped: {reason}" for row, reason in reasons.items()]
    low, high = scale.min(), scale.max()
    return "\n".join([*dropped, f"{outlines.n} cells, {low:.4g} to {high:.4g} pixels per unit"])


WRITERS = {"outlines": write_outlines, "digits": write_digits, "images": write_images}

BLOCK = 256


def labelled_outlines(
    facts: dict, content: dict[str, bytes]
) -> tuple[Outlines, pd.DataFrame, dict[int, str]]:
    """The clean outlines of a card's files, a row for each, and why others were dropped.

    The rows have the columns id, label (the cell line), treatment and group.
    """
    texts = [content[file["path"]].decode() for file in facts["files"]]
    name = Path(facts["files"][0]["path"]).name
    outlines = read_outlines(texts[0], name)
    lines, treatments = (np.array(text.split()) for text in texts[1:])
    if not outlines.n == len(lines) == len(treatments):
        raise InputError(
            f"{name} has {outlines.n} outlines, but there are {len(lines)} lines and "
            f"{len(treatments)} treatments; take all from one version."
        )
    kept, rows, reasons = clean(outlines, facts["least_area_px2"])
    ids = [f"cell_{row:03d}" for row in rows]
    columns = {"id": ids, "label": lines[rows], "treatment": treatments[rows], "group": ids}
    return kept, pd.DataFrame(columns), reasons


def crop_scales(outlines: Outlines, size: int, scaling: str) -> np.ndarray:
    """Pixels per unit of each outline, (n,), for crops of ``size``, by ``common`` or ``each``."""
    reach = radii(outlines)
    if scaling == "common":
        reach = np.full(outlines.n, reach.max())
    return (size / 2 - MARGIN_PX) / reach


# Filled outlines as images, each pixel holding the exact share of its area that lies inside.


def rasterise(
    outlines: Outlines,
    size: int,
    scale: float | np.ndarray,
    *,
    angle: float | np.ndarray = 0.0,
    flip: bool | np.ndarray = False,
) -> np.ndarray:
    """Draw each polygon with its centroid in the middle of an image, (n, size, size) float32.

    Values are shares of 0..1 of a pixel's area, exact for polygons that do not cross themselves;
    an area that is wound around twice counts once. ``scale`` is in pixels per unit of the points;
    a polygon is mirrored left-right where ``flip`` is true, then turned by ``angle`` degrees,
    counter-clockwise as displayed; all three are one value, or one per polygon (n,). What lies
    outside of the image is cut off.
    """
    placed = _place(outlines, size, scale, angle, flip)
    blocks = [np.arange(begin, min(begin + BLOCK, placed.n)) for begin in range(0, placed.n, BLOCK)]
    images = [_coverage(placed.take(rows), size) for rows in blocks]
    return np.concatenate([np.empty((0, size, size), dtype=np.float32), *images])


def _place(outlines: Outlines, size: int, scale, angle, flip) -> Outlines:
    """Move the polygons into an image's frame, where pixel (i, j) is the square from (i, j) on."""
    owner, n = outlines.owner, outlines.n
    x, y = (outlines.points - centroids(outlines)[owner]).T
    x = np.where(np.broadcast_to(flip, n)[owner], -x, x)
    turn = np.broadcast_to(angle, n).astype(np.float64)
    cosine, sine = _cosine(turn)[owner], _cosine(turn - 90)[owner]
    turned = np.stack([cosine * x + sine * y, cosine * y - sine * x], axis=1)
    factor = np.broadcast_to(scale, n)[owner, None]
    return Outlines(turned * factor + size / 2, outlines.offsets)


def _cosine(degrees: np.ndarray) -> np.ndarray:
    """The cosine, exact for multiples of 90 degrees so that quarter turns move whole pixels."""
    quarter = np.mod(degrees, 360) / 90
    exact = np.array([1.0, 0.0, -1.0, 0.0])[np.mod(np.round(quarter), 4).astype(int)]
    return np.where(quarter == np.round(quarter), exact, np.cos(np.deg2rad(degrees)))


def _coverage(outlines: Outlines, size: int) -> np.ndarray:
    """The share of each pixel inside, by the signed area between each edge and the right border.

    An edge of height dy within a pixel covers dy times the part of the pixel to its right, and dy
    of every pixel further right: a sum along the row of what all edges leave (Green's theorem).
    """
    owner, x, y, dy = _pieces(outlines)
    inside = (y >= 0) & (y < size)
    owner, x, y, dy = owner[inside], np.clip(x[inside], 0, size), y[inside], dy[inside]
    column = np.minimum(x.astype(np.int64), size)
    # One column more than the image has takes what lies right of it, two take its remainder.
    width = size + 2
    cell = (owner * size + y.astype(np.int64)) * width + column
    part = x - column
    length = outlines.n * size * width
    left = np.bincount(cell, weights=dy * (1 - part), minlength=length)
    left += np.bincount(cell + 1, weights=dy * part, minlength=length)[:length]
    winding = np.cumsum(left.reshape(outlines.n, size, width), axis=2)[:, :, :size]
    return np.minimum(np.abs(winding), 1).astype(np.float32)


def _pieces(outlines: Outlines) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Edges cut at the borders of pixels: polygon, middle x, middle y and height of each piece."""
    start, end = outlines.points, outlines.points[outlines.following]
    edges, cuts = zip(*(_crossings(start[:, k], end[:, k]) for k in (0, 1)), strict=True)
    m = len(start)
    edge = np.concatenate([np.arange(m), np.arange(m), *edges])
    cut = np.concatenate([np.zeros(m), np.ones(m), *cuts])
    order = np.lexsort((cut, edge))
    edge, cut = edge[order], cut[order]
    same = edge[1:] == edge[:-1]
    edge, low, high = edge[1:][same], cut[:-1][same], cut[1:][same]
    middle = start[edge] + ((low + high) / 2)[:, None] * (end - start)[edge]
    height = (high - low) * (end - start)[edge, 1]
    return outlines.owner[edge], middle[:, 0], middle[:, 1], height


def _crossings(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where edges from ``start`` to ``end`` (m,) pass an integer: edge and share of its way."""
    first, last = np.ceil(np.minimum(start, end)), np.floor(np.maximum(start, end))
    count = np.maximum(last - first + 1, 0).astype(np.int64) * (start != end)
    edge = np.repeat(np.arange(len(start)), count)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    share = (first[edge] + rank - start[edge]) / (end - start)[edge]
    return edge, np.clip(share, 0, 1)


# Ready crops in one HDF5 file, with a table of their labels beside it.


def write_crops(
    folder: Path,
    x: np.ndarray,
    table: pd.DataFrame,
    *,
    channels: list[str],
    mask: np.ndarray | None = None,
) -> None:
    """Write ``crops.h5`` and ``labels.csv`` into a folder; equal content gives equal bytes.

    ``x`` (n, c, h, w) uint8 and ``mask`` (n, h, w) uint8, 255 inside, have one object a row, as has
    ``table``, whose columns begin with id, label and group.
    """
    with h5py.File(folder / "crops.h5", "w") as file:
        file.attrs["channels"] = channels
        file.create_dataset("x", data=x, track_times=False)
        if mask is not None:
            file.create_dataset("mask", data=mask, track_times=False)
        for name in ("id", "label", "group"):
            texts = table[name].astype(str).tolist()
            file.create_dataset(name, data=texts, dtype=h5py.string_dtype(), track_times=False)
    table.to_csv(folder / "labels.csv", index=False, lineterminator="\n")

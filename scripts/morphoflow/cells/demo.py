"""Demo data of cells: what a card's files become, in a folder that a dataset can name."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.cells.crop_files import write_crops
from morphoflow.cells.digits import orient, orientations, read_digits
from morphoflow.cells.outlines import Outlines, clean, radii, read_outlines
from morphoflow.cells.outlines_raster import rasterise
from morphoflow.errors import InputError

MARGIN_PX = 1


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
            f"{len(treatments)} treatments; they shall be of one version."
        )
    kept, rows, reasons = clean(outlines, facts["least_area_px2"])
    ids = [f"cell_{row:03d}" for row in rows]
    columns = {"id": ids, "label": lines[rows], "treatment": treatments[rows], "group": ids}
    return kept, pd.DataFrame(columns), reasons


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


def crop_scales(outlines: Outlines, size: int, scaling: str) -> np.ndarray:
    """Pixels per unit of each outline, (n,), for crops of ``size``, by ``common`` or ``each``."""
    reach = radii(outlines)
    if scaling == "common":
        reach = np.full(outlines.n, reach.max())
    return (size / 2 - MARGIN_PX) / reach


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


WRITERS = {"outlines": write_outlines, "digits": write_digits, "images": write_images}

"""Crops in the layout of O2-VAE's repository: an archive of torch files of images and labels."""

import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.cells.demo.demo import write_crops
from morphoflow.cells.reading.containers import load_tensors
from morphoflow.downloads import download_file
from morphoflow.errors import InputError

BLOCK = 1024


def write_published(facts: dict, folder: Path) -> str:
    """Download the card's archive and write its crops; returns what was done.

    ``facts["parts"]`` names for each published split the ends of the paths of its ``images``
    (n, c, h, w) and ``labels`` (n,) in the archive; the split becomes a column.
    """
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "archive"
        checksum = download_file(facts["url"], facts["sha256"], archive)
        parts = [
            _read(split, paths, archive, Path(name)) for split, paths in facts["parts"].items()
        ]
    x = np.concatenate([images for images, _ in parts])
    table = pd.concat([rows for _, rows in parts], ignore_index=True)
    write_crops(folder, x, table, channels=facts["channels"])
    advice = "" if facts["sha256"] else f"; not checked: add `sha256: {checksum}` to the card"
    return f"{len(x)} crops{advice}"


def _read(
    split: str, paths: dict[str, str], archive: Path, folder: Path
) -> tuple[np.ndarray, pd.DataFrame]:
    images, labels = (
        _tensor(extract(archive, paths[kind], folder)) for kind in ("images", "labels")
    )
    if images.ndim != 4 or labels.shape != images.shape[:1]:
        raise InputError(
            f"{paths['images']} is {images.shape} and {paths['labels']} is {labels.shape}; the "
            "first must be (n, channels, height, width) and the second (n,)."
        )
    ids = [f"{split}_{i:05d}" for i in range(len(images))]
    table = pd.DataFrame({"id": ids, "label": labels, "group": ids, "published_split": split})
    return as_bytes(images, paths["images"]), table


def extract(archive: Path, ending: str, folder: Path) -> Path:
    """Copy the one file of a tar archive whose path ends so into a folder."""
    try:
        with tarfile.open(archive) as content:
            files = [member for member in content if member.isfile()]
            named = [member for member in files if f"/{member.name}".endswith(f"/{ending}")]
            if len(named) == 1:
                path = folder / ending.replace("/", "_")
                with path.open("wb") as copy:
                    shutil.copyfileobj(content.extractfile(named[0]), copy)
                return path
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(
            f"the download is no readable tar archive ({error}); correct `url` in the card."
        ) from None
    held = ", ".join(member.name for member in files[:20]) or "no files"
    raise InputError(
        f"the archive has {len(named)} files that end in '{ending}' (it holds: {held}); correct "
        "`parts` in the card."
    )


def as_bytes(images: np.ndarray, name: str) -> np.ndarray:
    """Images of 0..1, or of 8 bits, as uint8 of the same shape."""
    if images.dtype == np.uint8:
        return images
    result = np.empty(images.shape, dtype=np.uint8)
    for begin in range(0, len(images), BLOCK):
        block = images[begin : begin + BLOCK]
        low, high = block.min(), block.max()
        if not (low >= 0 and high <= 1):
            raise InputError(
                f"{name} has values from {low:g} to {high:g}; float images must be within 0..1."
            )
        result[begin : begin + BLOCK] = np.rint(255 * block)
    return result


def _tensor(file: Path) -> np.ndarray:
    return load_tensors(file)["x"]

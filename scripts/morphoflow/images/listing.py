"""The image files of a folder, by their endings."""

import os
from collections.abc import Iterator
from pathlib import Path

from morphoflow.images.microscopes import CONVERT, MICROSCOPES, READERS
from morphoflow.reading.names import check_file_name

# Whole slides of these scanners are tiled TIFF files.
SLIDES = (".svs", ".ndpi", ".scn", ".bif", ".qptiff")

TIFF = (".tif", ".tiff", *SLIDES)

ZARR = ".zarr"

ENDINGS = (*TIFF, ".png", ".jpg", ".jpeg", *READERS, ZARR)


def list_images(folder: Path) -> list[Path]:
    """The image files below a folder, sorted by path; hidden files are left alone.

    Raises InputError for a name that cannot be an id.
    """
    shown = sorted(file for file in entries(folder) if file.suffix.lower() in ENDINGS)
    for file in shown:
        check_file_name(file.relative_to(folder))
    return shown


def other_files(folder: Path) -> dict[str, int]:
    """How many files of each other ending lie below a folder; hidden ones are not counted."""
    endings = [file.suffix.lower() for file in entries(folder)]
    others = [ending for ending in endings if ending not in ENDINGS]
    return {ending: others.count(ending) for ending in sorted(set(others))}


def entries(folder: Path) -> Iterator[Path]:
    """The files below a folder, but hidden ones, and folders that are a zarr store, not entered."""
    for place, folders, files in os.walk(folder, followlinks=True):
        stores = [name for name in folders if name.lower().endswith(ZARR)]
        folders[:] = [name for name in folders if name not in stores]
        yield from (Path(place, name) for name in [*files, *stores] if name[0] != ".")


def nothing_to_read(folder: Path, among: str = "") -> str:
    """Why a folder has no images, with what it has instead and the way out."""
    others = other_files(folder)
    known = [MICROSCOPES[ending] for ending in others if ending in MICROSCOPES]
    if known:
        return f"{folder} has {', '.join(known)} files, which are not read; {CONVERT}."
    kinds = "TIFF, PNG, JPEG, OME-Zarr, CZI, LIF, ND2"
    if any(others) and not among:
        among = f", only files that end with {', '.join(filter(None, others))}"
    return f"{folder} has no images ({kinds}){among}; correct the path, or save them as TIFF."


def stem(file: Path, folder: Path) -> str:
    """The path within the folder without the file's ending (or ``.ome.tif``)."""
    name = file.relative_to(folder).as_posix()
    name = name[: len(name) - len(file.suffix)]
    return name[:-4] if name.lower().endswith(".ome") else name

"""The image files of a source, each with the id that its images are named after."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from morphoflow.dendrites.reading.compressed import MOVIES
from morphoflow.errors import InputError
from morphoflow.images.listing import ENDINGS, ZARR, entries, stem
from morphoflow.reading.guard import reading
from morphoflow.reading.label_tables import read_label_tables
from morphoflow.reading.names import check_file_name

READABLE = (*ENDINGS, *MOVIES)

KINDS = "TIFF, PNG, JPEG, OME-Zarr, CZI, LIF, ND2, AVI or MP4"

# In a folder of simulated arbors, and of what a card describes.
IMAGES = "images"

TRUTH = "truth.csv"


@dataclass(frozen=True)
class ImageFile:
    """A file, its id (its path in the folder, with _ for /), and its name for messages."""

    path: Path
    id: str
    name: str


def resolve(source: dict) -> dict:
    """A source with all options; a folder of simulated arbors gives whole images, one a neuron.

    Raises InputError for a path that does not exist.
    """
    plain = {"frame": "first", "channel": None, "crop": "soma", "group": "file", "offset": 0}
    plain |= {"invert": False, "fill": False}
    resolved = {**plain, **source}
    if is_simulated(source):
        folder = Path(source["simulated_folder"])
        images = str(folder / IMAGES)
        resolved |= {"images": images, "crop": "whole", "pixel_um": pixel_um_of(folder)}
    if not Path(resolved["images"]).exists():
        raise InputError(f"{resolved['images']} does not exist; correct `images`.")
    return resolved


def source_name(source: dict) -> str:
    """What a source is called in tables: its ``name``, or that of its folder or file."""
    path = Path(source.get("simulated_folder", source["images"]))
    return source.get("name") or path.name


def source_paths(source: dict) -> list[Path]:
    """The files and folders that a source reads."""
    return [Path(source.get("simulated_folder", source.get("images")))]


def source_options(source: dict) -> dict:
    """What a source says beside its paths."""
    return {k: v for k, v in source.items() if k not in ("images", "simulated_folder")}


def list_files(source: dict) -> list[ImageFile]:
    """All files of a resolved source in the order of their names, whether images or not.

    Hidden files are left alone. Raises InputError for a folder without images. ``name`` of the
    source stands before the ids, to tell equal names of two sources apart.
    """
    path = Path(source["images"])
    is_folder = path.is_dir() and path.suffix.lower() != ZARR
    folder = path if is_folder else path.parent
    files = sorted(entries(path)) if is_folder else [path]
    for file in files:
        check_file_name(file.relative_to(folder))
    if not any(is_readable(file) for file in files):
        raise InputError(f"{path} has no {KINDS} files; correct `images`.")
    before = prefix(source)
    return [
        ImageFile(file, before + _identifier(file, folder), file.relative_to(folder).as_posix())
        for file in files
    ]


def is_readable(file: Path) -> bool:
    """Whether the ending is that of a format that can be read."""
    return file.suffix.lower() in READABLE


def _identifier(file: Path, folder: Path) -> str:
    return stem(file, folder).replace("/", "_")


# What is true of simulated images, as ``simulate_dendrites.py`` writes it beside them.


def pixel_um_of(folder: Path) -> float:
    """The pixel size in um of the images in a folder of simulated ones."""
    if not (folder / TRUTH).is_file():
        raise InputError(f"{folder} has no {TRUTH}; simulate the images anew.")
    with reading(folder / TRUTH):
        table = pd.read_csv(folder / TRUTH, usecols=["pixel_um"], nrows=1)
        return float(table["pixel_um"].iloc[0])


def is_simulated(source: dict) -> bool:
    """Whether a source is a folder of simulated images."""
    return "simulated_folder" in source


def truth_table(source: dict, settings: dict) -> pd.DataFrame:
    """The truth of a source as a table of labels, with its ``name`` before ids and groups.

    A ``label`` of the source outranks those of the populations.
    """
    (table,) = read_label_tables([Path(source["simulated_folder"]) / TRUTH], [], settings)
    table[["id", "group"]] = prefix(source) + table[["id", "group"]]
    label = source.get("label")
    return table if label is None else table.assign(label=label)


def prefix(source: dict) -> str:
    """What stands before the ids of a source's images: its ``name``, if it has one."""
    return f"{source['name']}_" if source.get("name") else ""

"""Volumes as a folder of slices: one TIFF or PNG file for each z, in the order of their numbers."""

import re
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image as Pillow

from morphoflow.errors import InputError
from morphoflow.images.tiff import open_tiff
from morphoflow.organelles.volumes.stack import SliceVolume
from morphoflow.organelles.volumes.watched import slice_files
from morphoflow.reading.guard import reading

PNG_TYPES = {"1": bool, "L": np.uint8, "P": np.uint8, "I;16": np.uint16, "I;16B": np.uint16}


@dataclass(frozen=True)
class Header:
    """What is known of a slice before it is decoded."""

    shape: tuple[int, ...]
    dtype: np.dtype


def open_slices(folder: Path) -> SliceVolume:
    """The slices in ``folder``; only their headers are read.

    Raises InputError for slices in colour, of different sizes or types, or with one missing.
    """
    files = slice_files(folder)
    endings = sorted({".png" if file.suffix.lower() == ".png" else ".tif" for file in files})
    if len(endings) > 1:
        raise InputError(
            f"{folder} holds slices as PNG and as TIFF; leave those of one volume in the folder."
        )
    check_series(folder, files)
    first = read_header(files[0])
    for file in files[1:]:
        header = read_header(file)
        if header != first:
            raise InputError(
                f"{file} is {_in_words(header)}, but {files[0].name} is {_in_words(first)}; "
                f"the slices of a volume need one size and type."
            )
    decode = decode_png if endings == [".png"] else tifffile.imread
    shape = (len(files), *first.shape)
    return SliceVolume(str(folder), shape, first.dtype, lambda z: decode(files[z]), None)


def check_series(folder: Path, files: list[Path]) -> None:
    """Raises InputError if the one number that varies among the names leaves a gap."""
    pieces = [re.split(r"(\d+)", file.stem) for file in files]
    if len({tuple(piece[::2]) for piece in pieces}) != 1:
        return
    numbers = np.array([[int(number) for number in piece[1::2]] for piece in pieces], np.int64)
    varying = np.flatnonzero((numbers != numbers[:1]).any(axis=0))
    if len(varying) != 1:
        return
    steps = np.diff(numbers[:, varying[0]])
    gap = np.flatnonzero(steps != steps.min())
    if steps.min() < 1:
        raise InputError(f"{folder} holds slices with the same number; number each slice once.")
    if len(gap):
        before, after = files[gap[0]].name, files[gap[0] + 1].name
        raise InputError(
            f"{folder} lacks a slice between {before} and {after}; add it, "
            f"or number the slices without gaps if none is missing."
        )


def read_header(file: Path) -> Header:
    """Size and type of a slice; raises InputError if it is no single grey image."""
    with reading(file):
        if file.suffix.lower() == ".png":
            return _png_header(file)
        return _tiff_header(file)


def decode_png(file: Path) -> np.ndarray:
    """The pixels of a PNG file; numbers of a palette are kept as they are."""
    with Pillow.open(file) as opened:
        if opened.mode in ("1", "P"):
            return np.asarray(opened)
    return imagecodecs.png_decode(file.read_bytes())


def _png_header(file: Path) -> Header:
    with Pillow.open(file) as opened:
        if opened.mode not in PNG_TYPES:
            raise _in_colour(file, opened.mode)
        return Header(opened.size[::-1], np.dtype(PNG_TYPES[opened.mode]))


def _tiff_header(file: Path) -> Header:
    with open_tiff(file) as tiff:
        page = tiff.pages[0]
        if len(tiff.pages) > 1:
            raise InputError(
                f"{file} holds {len(tiff.pages)} pages, but a folder's slices have one each; "
                f"name the file itself if it is the volume."
            )
        if len(page.shape) != 2:
            raise _in_colour(file, f"{page.shape[-1]} samples a pixel")
        return Header(page.shape, page.dtype)


def _in_colour(file: Path, mode: str) -> InputError:
    return InputError(
        f"{file} is in colour ({mode}), but a slice needs one value a pixel; "
        f"save grey values, or ids as integers of 16 bits, or as TIFF of 32."
    )


def _in_words(header: Header) -> str:
    return f"{' x '.join(map(str, header.shape))} {header.dtype}"

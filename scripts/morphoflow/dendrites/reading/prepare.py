"""Sources of dendrite images in, a store of images with their pyramids out, and a row for each."""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from morphoflow.dendrites.reading.files import ImageFile, is_simulated, list_files, source_name
from morphoflow.dendrites.reading.reading import SAME_SIZE, Image, read_images
from morphoflow.errors import InputError
from morphoflow.images.images import CODES as IMAGE_CODES
from morphoflow.reading.findings import Codes, Finding, Refused
from morphoflow.reading.quality import COUNTS, Report, nothing_left
from morphoflow.store_stream import SampleStream

# What can be said about images of dendrites.
CODES: Codes = {
    **IMAGE_CODES,
    "little_signal": ("info", "a tile shows next to no dendrite and is left out"),
    "padded": ("info", "a crop reaches beyond the frame, where it is black"),
    "pixel_size_unknown": ("info", "an image of unknown pixel size is not resampled"),
    "pixel_sizes_differ": ("info", "images differ in pixel size; statistics are in pixels"),
    "one_of_several_frames": (
        "info",
        "of a movie one frame is read; where frames are depth, set `frame` to max",
    ),
    "projected": ("info", "a stack is projected over its depth by its maximum"),
    "no_lines": ("info", "there may be no dendrite, or it is out of focus"),
    "below_offset": ("info", "darker values than `offset` (0 without it) become 0; it may be less"),
    "saturated": ("info", "where values are cut off at the top, neighbouring dendrites merge"),
    "scale_bar": ("repaired", "a bar that was drawn into an image is no dendrite"),
    "not_an_image": ("refused", "remove it from the folder, or name single files as sources"),
    "no_ffmpeg": ("refused", "install the package imageio-ffmpeg from a wheel, or export as TIFF"),
    "several_images": ("refused", "save each image or position to a file of its own"),
    "channels": ("refused", "name the one that shows dendrites in `channel`, counted from 0"),
    "channel_absent": ("refused", "set `channel` to one that is there"),
    "colour": ("refused", "set `channel` to 0 (red), 1 (green) or 2 (blue), or save it in grey"),
    "unknown_axes": ("refused", "save it with the axes TZYX, as OME-TIFF or by ImageJ"),
    "frame_absent": ("refused", "set `frame` to one that is there, or to first or last"),
    "dark_on_light": ("refused", "set `invert: true` for its source"),
    "not_finite": (
        "refused",
        "set `fill: true` for its source, or replace NaN and infinite values",
    ),
    "empty": ("refused", "remove the image, or choose another `frame`"),
    "constant": ("refused", "remove the image, or choose another `frame`"),
    "flat": ("refused", "set `percentiles` farther apart"),
    "too_small": ("refused", "set `size` (or `pixel_um`) to a smaller value, or remove it"),
    "sizes_differ": ("refused", "crop around the soma or at the centre instead"),
    "pixel_size_differs": ("refused", "leave `pixel_um` out, or crop around the soma instead"),
}

COMPARED = 128  # px, at which images are held in memory to be compared

SMALLEST = 16


@dataclass
class Reading:
    """What was read: a row for each image, a report on each file, and small images (s, s)."""

    rows: list[dict] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    small: list[np.ndarray] = field(default_factory=list)
    ids_of_files: set[str] = field(default_factory=set)

    @property
    def table(self) -> pd.DataFrame:
        """The rows; ``digest`` is the same for equal images, ``simulated`` marks simulated ones."""
        return pd.DataFrame(self.rows)


def read_dendrites(sources: list[dict], settings: dict, stream: SampleStream) -> Reading:
    """Read all resolved ``sources`` into ``stream``, an image at a time.

    A file that cannot be used stops the reading (``on_bad_input`` of the settings is "stop":
    InputError with file, value and remedy) or is left out and listed ("skip").
    """
    reading, file_of = Reading(), {}
    for source in sources:
        kept = _Uniform(source)
        for file in list_files(source):
            report = Report(file.name, CODES, measured=dict.fromkeys(COUNTS, 0))
            reading.reports.append(report)
            reading.ids_of_files.add(file.id)
            try:
                images = list(read_images(file, source, settings, report.findings))
                kept.check(images)
            except Refused as refused:
                report.refuse(_own(refused.finding), settings["on_bad_input"])
                continue
            report.measured = dict.fromkeys(COUNTS, len(images))
            _check_ids(images, file, file_of)
            _store(images, source, reading, stream)
    if not reading.rows:
        otherwise = "no tile of any image shows dendrites; correct the sources."
        raise nothing_left(reading.reports, otherwise)
    stream.facts |= {
        "channels": ["intensity"],
        "pixel_um": _common_pixel_um(reading),
        "levels": halvings(settings["size"]),
    }
    return reading


def _own(finding: Finding) -> Finding:
    """A finding of the reader of single images, for which a stack has a remedy of its own here."""
    return replace(finding, code="several_images") if finding.code == "stack" else finding


@dataclass
class _Uniform:
    """Whole images of a source are shrunk alike, or neurons would be shown at different sizes."""

    source: dict
    first: Image | None = None

    def check(self, images: list[Image]) -> None:
        if self.source["crop"] != "whole":
            return
        (image,) = images
        self.first = self.first or image
        measure = "crop_side_px" if np.isnan(self.first.row["pixel_um"]) else "pixel_um"
        here, there = image.row[measure], self.first.row[measure]
        if not abs(here - there) <= SAME_SIZE * there:
            height, width = _shape(image)
            first = " x ".join(map(str, _shape(self.first)))
            message = (
                f"it has {height} x {width} pixels, but '{self.first.row['file']}' {first}, so "
                f"that as wholes they would be shrunk differently"
            )
            raise Refused("sizes_differ", message, value=f"{height} x {width}")


def _shape(image: Image) -> tuple[int, int]:
    return image.row["frame_height_px"], image.row["frame_width_px"]


def _store(images: list[Image], source: dict, reading: Reading, stream: SampleStream) -> None:
    for image in images:
        x = image.pixels[None, None]
        levels = pyramid(x)
        stream.append([image.row["id"]], x, levels=levels)
        reading.small.append(levels.get(COMPARED, x)[0, 0])
        group = image.row["id"] if source["group"] == "image" else image.row["group"]
        more = {
            "source": source_name(source),
            "label": source.get("label"),
            "group": group,
            "simulated": is_simulated(source),
            "digest": hashlib.sha256(x).hexdigest(),
        }
        reading.rows.append({**image.row, **more})


def _check_ids(images: list[Image], file: ImageFile, file_of: dict[str, str]) -> None:
    for image in images:
        identifier = image.row["id"]
        if identifier in file_of:
            raise InputError(
                f"{file.name} and {file_of[identifier]} would both have the id '{identifier}'; "
                f"rename one, or set `name` of one source to a word to put before its ids."
            )
        file_of[identifier] = file.name


def _common_pixel_um(reading: Reading) -> float | None:
    """The pixel size of the images in um where it is known and the same for all."""
    sizes = reading.table["pixel_um"]
    if sizes.isna().any():
        return None
    if sizes.max() > (1 + SAME_SIZE) * sizes.min():
        message = f"pixels of the images are {sizes.min():.4g} to {sizes.max():.4g} um wide"
        note = Finding("pixel_sizes_differ", message, value=f"{sizes.max():.4g}")
        reading.reports[0].findings.append(note)
        return None
    return float(sizes.iloc[0])


# The pyramid of an image: area means at half the size, a quarter, and so on.


def halvings(size: int) -> list[int]:
    """The sizes of the levels below ``size``, smallest first."""
    return [SMALLEST << n for n in range(size.bit_length()) if SMALLEST << n < size]


def pyramid(x: np.ndarray) -> dict[int, np.ndarray]:
    """The levels (n, c, s, s) of images ``x`` (n, c, S, S) uint8, smallest first, as uint8.

    Each is the exact mean of the pixels of ``x``, rounded once; a half is rounded up.
    """
    size = x.shape[-1]
    total, levels = x.astype(np.uint32), {}
    for side in reversed(halvings(size)):
        total = total.reshape(*x.shape[:2], side, 2, side, 2).sum(axis=(3, 5), dtype=np.uint32)
        area = np.uint32((size // side) ** 2)
        levels[side] = ((total + area // 2) // area).astype(np.uint8)
    return dict(sorted(levels.items()))

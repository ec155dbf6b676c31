"""Sources of cells in, crops in a store out, with a row for each and a table of all findings."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.cells.reading.crops import (
    Block,
    CropSettings,
    Item,
    Rows,
    Survey,
    as_table,
    digest,
    take,
)
from morphoflow.cells.reading.faults import faults_of
from morphoflow.cells.reading.levels import LEAST, VALUES, dataset_limits, told
from morphoflow.cells.reading.sources import list_items
from morphoflow.errors import InputError
from morphoflow.images.images import CODES as IMAGE_CODES
from morphoflow.images.listing import other_files
from morphoflow.images.microscopes import CONVERT, MICROSCOPES
from morphoflow.reading.findings import Codes, Finding, Refused
from morphoflow.reading.quality import COUNTS, Report, nothing_left
from morphoflow.store_stream import SampleStream

# What can be said about cells.
CODES: Codes = {
    **IMAGE_CODES,
    "stack": (
        "refused",
        "set `project` if its planes are of one depth, or save one plane of one time by itself",
    ),
    "crop_clipped": ("info", "objects stick out of their crops"),
    "touches_border": ("info", "objects touch the border of the image"),
    "left_out": ("info", "objects that touch the border of the image are left out"),
    "too_small": ("info", "objects of fewer pixels than `min_area` are left out"),
    "several_pieces": ("repaired", "a label stands for several pieces; see `pieces`"),
    "not_read": ("info", "files of other kinds are left alone"),
    "no_objects": ("info", "the mask holds no object"),
    "intensity_range": ("info", "what becomes 0 and 1 in each channel of the dataset"),
    "dim": ("info", "values use little of the range of their type"),
    "masks_left_out": ("info", "some sources have no masks, so none are stored"),
    "too_wide": ("refused", "give each object a number of its own, or cut the image into tiles"),
    "large_split": ("refused", "set `pieces` to largest or keep"),
    "wrong_axes": ("refused", "set `axes` to the order of the file's axes"),
    "larger_than_size": (
        "refused",
        "set `size` to the larger side, `scale` to object to scale each, or shrink with `zoom`",
    ),
    "pixel_size_unknown": ("refused", "set `pixel_size_um` of the source, or leave `pixel_um` out"),
    "channels_differ": ("refused", "give all images the same channels, in the same order"),
    "channel_missing": ("refused", "add the file, or remove the others of this image"),
    "image_without_mask": (
        "refused",
        "add the mask under the image's name (set `mask_suffix` if masks have one) or remove "
        "the image",
    ),
    "mask_without_image": (
        "refused",
        "add the image (set `image_suffix`, or `channel_suffixes` where each channel is a file, if "
        "images have them) or remove the mask",
    ),
    "different_shapes": ("refused", "export the mask again from this very image"),
    "not_a_mask": ("refused", "save the mask with one integer per object, as TIFF or PNG"),
    "mask_stack": ("refused", "save the mask of one plane; `project` is for images alone"),
    "background_label": ("refused", "set the pixels of the background to 0"),
    "binary_mask": (
        "refused",
        "give each piece a number of its own, as skimage.measure.label does",
    ),
    "not_finite": ("refused", "replace NaN and infinite values in the source"),
    "empty": ("refused", "remove the crop, or correct the object's mask"),
    "constant": ("refused", "remove the crop, or correct the object's mask"),
    "out_of_range": ("refused", "set `range` to dataset, or bring the values to 0..1"),
}

DIM = 0.1  # of the range of a type

BLACK = 1 / 16  # of the range of a type: 12 bits in a file of 16

SAME_SIZE = 1e-3  # relative difference of pixel sizes, as files round them


# What gives the split (n,) of each of n rows, by the files' names.
Splitting = Callable[[pd.DataFrame, list[str]], np.ndarray]


def read_cells(
    sources: list[dict],
    settings: CropSettings,
    on_bad_input: str,
    stream: SampleStream,
    splitting: Splitting,
) -> tuple[pd.DataFrame, list[Report]]:
    """Cut or read the crops of all ``sources`` into ``stream``, a block at a time.

    With the range ``dataset`` all objects are looked at before, and split by ``splitting``, so that
    the range is that of the training images alone; their rows then have the column ``split``.

    A file or crop that cannot be used stops the reading (``on_bad_input="stop"``: InputError with
    file, value and remedy) or is left out and listed (``"skip"``). Returns a row for each crop
    (id, source, label, group, the columns of MEASURES and ``digest``, the same for equal crops;
    with the border ``mark`` also ``clustered``), and the reports on all files.
    """
    items = [item for source in sources for item in list_items(source, settings)]
    limits = known = None
    if settings.range == "dataset":
        known, limits = _surveyed(items, settings, splitting)
    keep_masks = all(item.has_mask for item in items)
    reading = _Reading(settings, on_bad_input, stream, keep_masks, limits)
    for item in items:
        reading.read(item)
    if not reading.rows:
        raise nothing_left(reading.reports, _no_objects(reading.reports))
    if not reading.keep_masks and any(item.has_mask for item in items):
        note = Finding("masks_left_out", "some sources have no masks, so none are stored")
        reading.reports[0].findings.append(note)
    reading.check_seen()
    reading.reports[0].findings.extend(_not_read(sources))
    rows = as_table(reading.rows)
    if known is not None:
        rows = rows.drop(columns="digest").merge(known, how="left", on="id")
    if settings.border == "mark":
        rows["clustered"] = ~rows["touches_border"]
    if limits is not None:
        message = told(reading.channels, limits)
        reading.reports[0].findings.append(Finding("intensity_range", message))
    stream.facts |= {
        "channels": reading.channels,
        "intensity_limits": None if limits is None else limits.tolist(),
        "pixel_size_um": _crop_pixel_um(rows, settings),
    }
    return rows, reading.reports


def _no_objects(reports: list[Report]) -> str:
    """Why there are no objects although no file is refused, and the way out."""
    notes = {finding.code: finding.message for report in reports for finding in report.findings}
    for code, way_out in (("left_out", "set `border` to keep"), ("too_small", "lower `min_area`")):
        if code in notes:
            return f"no objects are left: {notes[code]}; {way_out}."
    return "the sources hold no objects; correct the paths or the masks."


def _surveyed(
    items: list[Item], settings: CropSettings, splitting: Splitting
) -> tuple[pd.DataFrame | None, np.ndarray | None]:
    """The ``digest`` and ``split`` of each object by ``id``, and the range (2, c) of a dataset."""
    surveys: list[Survey] = []
    for item in items:
        # What is refused here is refused again, with its file, as it is read.
        with suppress(Refused):
            surveys.append(item.survey(max(LEAST, VALUES // len(items))))
    if not any(len(survey.rows["id"]) for survey in surveys):
        return None, None
    rows = as_table([survey.rows for survey in surveys])
    rows["split"] = splitting(rows, [item.file for item in items])
    # Where nothing is to be trained, all images count.
    train = (rows["split"] == "train").to_numpy() | (rows["split"] != "train").all()
    ends = np.cumsum([len(survey.rows["id"]) for survey in surveys])[:-1]
    limits = dataset_limits(surveys, np.split(train, ends), settings.percentiles)
    # An id that two files have is refused as the second of them is read.
    return rows[["id", "digest", "split"]].drop_duplicates("id"), limits


def _not_read(sources: list[dict]) -> list[Finding]:
    """A note on the files of other kinds in each folder of the sources."""
    folders = [Path(s[key]) for s in sources for key in ("folder", "images", "masks") if key in s]
    notes = []
    for folder in dict.fromkeys(folders):
        for ending, number in other_files(folder).items():
            kind = MICROSCOPES.get(ending)
            what = f" ({kind}; {CONVERT})" if kind else ""
            message = f"{number} files of {folder.name} that end with '{ending}' are not read{what}"
            notes.append(Finding("not_read", message, value=ending))
    return notes


@dataclass
class _Reading:
    """What has been read so far, against which the next file is held."""

    settings: CropSettings
    on_bad_input: str
    stream: SampleStream
    keep_masks: bool
    limits: np.ndarray | None = None
    brightest: float = 0.0
    rows: list[Rows] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    file_of: dict[str, str] = field(default_factory=dict)
    n_channels: int | None = None
    names: list[str] | None = None

    @property
    def channels(self) -> list[str]:
        """The channels' names, or their numbers where no source names them."""
        return self.names or [f"channel_{i}" for i in range(self.n_channels or 0)]

    def read(self, item: Item) -> None:
        report = Report(item.file, CODES, measured=dict.fromkeys(COUNTS, 0))
        self.reports.append(report)
        before, brightest = len(self.rows), 0.0
        try:
            for block in item.read(self.limits, report.findings):
                brightest = max(brightest, self._add(block, report))
        except Refused as refused:
            report.refuse(refused.finding, self.on_bad_input)
        self.brightest = max(self.brightest, brightest)
        _note_counts(report, self.rows[before:], brightest, self.settings)

    def check_seen(self) -> None:
        """Raise InputError if all crops are so dark that a model would be trained on black."""
        if self.settings.range == "type" and self.brightest < BLACK:
            raise InputError(
                f"no value of any crop is above {self.brightest:.4g} of 1, the largest value of "
                f"the files' number type, so that models would be trained on black: a camera of 12 "
                f"bits fills 0.06 of a file of 16; set `range` to dataset."
            )

    def _add(self, block: Block, report: Report) -> float:
        """Store the good crops of a block; their largest value."""
        self._check_channels(block)
        self._check_ids(block.rows["id"], report.file)
        report.measured["n_objects_read"] += len(block.x)
        good = np.ones(len(block.x), dtype=bool)
        for row, fault in faults_of(block.x, block.rows["id"].tolist()):
            good[row] = False
            report.refuse(fault, self.on_bad_input)
        x, rows = np.clip(block.x[good], 0, 1), take(block.rows, good)
        mask = block.mask[good] if self.keep_masks and block.mask is not None else None
        if not len(x):
            return 0.0
        self.stream.append(rows["id"].tolist(), x, mask)
        digests = [digest(crop) for crop in x]
        self.rows.append({**rows, "digest": np.array(digests, dtype=object)})
        report.measured["n_objects"] += len(x)
        return float(x.max())

    def _check_channels(self, block: Block) -> None:
        count = block.x.shape[1]
        if block.channels is not None and len(block.channels) != count:
            raise Refused(
                "channels_differ", f"it has {count} channels, but {len(block.channels)} are named"
            )
        if self.n_channels not in (None, count):
            raise Refused("channels_differ", f"it has {count} channels, others {self.n_channels}")
        if self.names and block.channels and self.names != block.channels:
            here, others = (", ".join(names) for names in (block.channels, self.names))
            raise Refused("channels_differ", f"its channels are {here}, those of others {others}")
        self.n_channels, self.names = count, self.names or block.channels

    def _check_ids(self, ids: np.ndarray, file: str) -> None:
        for identifier in ids:
            if identifier in self.file_of:
                raise InputError(
                    f"{file} and {self.file_of[identifier]} both have an object '{identifier}'; "
                    f"rename a file or give the objects other ids."
                )
            self.file_of[identifier] = file


def _note_counts(
    report: Report, blocks: list[Rows], brightest: float, settings: CropSettings
) -> None:
    """Note how many of a file's crops, in ``blocks``, have something that is worth knowing."""
    n = report.measured["n_objects"]
    for code, what in (
        ("crop_clipped", "stick out of their crops; enlarge `size`"),
        ("touches_border", "touch the border of the image"),
    ):
        count = sum(int(rows[code].sum()) for rows in blocks)
        if count:
            message = f"{count} of {n} objects {what}"
            report.findings.append(Finding(code, message, value=str(count)))
    if n and settings.range == "type" and brightest < DIM:
        message = f"no value is above {brightest:.4g} of 1; set `range` to dataset"
        report.findings.append(Finding("dim", message, value=f"{brightest:.4g}"))


def _crop_pixel_um(rows: pd.DataFrame, settings: CropSettings) -> float | None:
    """The size of a crop's pixel in um where it is known and the same for all.

    Raises InputError where images of different pixel sizes would be compared as they are.
    """
    if settings.scale == "object" or rows["pixel_size_um"].isna().any():
        return None
    if settings.pixel_um is not None:
        return settings.pixel_um
    sizes = rows["pixel_size_um"] / rows["crop_scale"]
    if sizes.max() > (1 + SAME_SIZE) * sizes.min():
        raise InputError(
            f"the pixels of the crops are {sizes.min():g} to {sizes.max():g} um wide; set "
            f"`pixel_um` to bring them to one size."
        )
    return float(sizes.iloc[0])

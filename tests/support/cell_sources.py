"""Sources of cells, read as the workflow does."""

from pathlib import Path

import numpy as np

from morphoflow.cells.reading.crops import CropSettings
from morphoflow.cells.reading.prepare import read_cells
from morphoflow.cells.reading.sources import resolve
from morphoflow.store import read_samples
from morphoflow.store_stream import stream_samples
from synthetic_cells import CROPS, ellipse_crops

AXES = ["object", "channel", "y", "x"]


def all_train(rows, files) -> np.ndarray:
    return np.full(len(rows), "train")


def read(folder: Path, *sources: dict, skip: bool = False, splitting=all_train, **changed):
    """The store's samples, the rows and the reports of some sources."""
    settings = CropSettings(**{**CROPS, **changed})
    on_bad_input = "skip" if skip else "stop"
    path = folder / "crops.zarr"
    with stream_samples(path, axes=AXES, units="intensity", provenance={}) as stream:
        resolved = [resolve(s) for s in sources]
        rows, reports = read_cells(resolved, settings, on_bad_input, stream, splitting)
    return read_samples(path), rows, reports


def codes(reports) -> list[str]:
    return [finding.code for report in reports for finding in report.findings]


X = np.rint(255 * ellipse_crops(7, channels=2)[0]).astype(np.uint8)

"""What is true of simulated images, as ``simulate_dendrites.py`` writes it beside them."""

from pathlib import Path

import pandas as pd

from morphoflow.cells.label_tables import read_label_tables
from morphoflow.errors import InputError

TRUTH = "truth.csv"


def pixel_um_of(folder: Path) -> float:
    """The pixel size in um of the images in a folder of simulated ones."""
    if not (folder / TRUTH).is_file():
        raise InputError(f"{folder} has no {TRUTH}; simulate the images anew.")
    return float(pd.read_csv(folder / TRUTH, usecols=["pixel_um"], nrows=1)["pixel_um"].iloc[0])


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

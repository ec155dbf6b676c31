"""The object table of dendrite images: labels joined, one group a neuron, splits fixed."""

import numpy as np
import pandas as pd

from morphoflow.dendrites.reading.prepare import Reading
from morphoflow.reading.label_tables import join_labels
from morphoflow.reading.objects import (
    few_groups,
    joined,
    labels_without,
    one_class,
    small_classes,
    split_of,
    stop_at,
    stray_labels,
)
from morphoflow.reading.quality import COUNTS, note, quality_table, with_rows
from morphoflow.tables import OBJECT_COLUMNS

ELSEWHERE = ("split", "crop_scale", "image")  # columns that mean something else elsewhere

FEWER_GROUPS = (
    "add images of other neurons, name smaller groups in group_column, set `group` of the source "
    "to image, or raise near_duplicates"
)


def object_table(
    reading: Reading,
    tables: list[pd.DataFrame],
    pairs: pd.DataFrame,
    duplicates: np.ndarray,
    settings: dict,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row an image, and all findings.

    ``tables`` of labels (:func:`morphoflow.reading.label_tables.read_label_tables`) may name an
    image or a file, which stands for all its images; their further columns come along. Images with
    the same number of ``duplicates`` (n,), of which ``pairs`` are the evidence, and equal images
    share a group. Labels of what no source holds, classes that do not reach every split, and fewer
    groups than splits raise InputError or, where bad input is skipped, are listed.
    """
    rows = reading.table
    rows = join_labels(rows, [_by_image(table, rows) for table in tables])
    rows["group"] = joined(rows["group"], duplicates, rows["digest"])
    small = small_classes(rows["label"])
    form = f"the {len(rows)} images show {{}} neuron(s)"
    faults = [
        *stray_labels(tables, {*rows["id"], *reading.ids_of_files}),
        *small.values(),
        *few_groups(rows["group"], settings["split"], FEWER_GROUPS, form),
    ]
    stop_at(faults, settings["on_bad_input"])
    label = labels_without(rows["label"], small)
    rows = rows.assign(label=label, split=split_of(label, rows["group"], settings["split"]))
    further = [c for c in rows if c not in (*OBJECT_COLUMNS, "digest")]
    findings = [*faults, *_notes(pairs), *one_class(label)]
    quality = with_rows(quality_table(reading.reports, COUNTS), findings)
    return rows[[*OBJECT_COLUMNS, *further]], quality


def _by_image(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """A table of labels with a line for each image; one for an image outranks one for its file."""
    known = {*rows, *ELSEWHERE} - {"id", "label", "group"}
    table = table.drop(columns=[c for c in table if c in known and c not in ("file", "line")])
    of_file = rows[["id", "file_id"]].rename(columns={"id": "image", "file_id": "id"})
    expanded = table.merge(of_file, on="id").drop(columns="id").rename(columns={"image": "id"})
    own = table["id"].isin(rows["id"])
    return pd.concat([table[own], expanded[~expanded["id"].isin(table["id"])]], ignore_index=True)


def _notes(pairs: pd.DataFrame) -> list[dict]:
    """A note on each pair of images that seem to show one neuron."""
    return [
        note(
            "near_duplicates",
            f"'{pair.id_a}' and '{pair.id_b}' correlate by {pair.correlation:.2f}: one group",
            id=pair.id_a,
            value=f"{pair.correlation:.3f}",
        )
        for pair in pairs.itertuples()
    ]

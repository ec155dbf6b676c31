"""The object table of cells: labels joined by id, copies kept together, splits fixed."""

import numpy as np
import pandas as pd

from morphoflow.cells.reading.crops import MEASURES
from morphoflow.cells.reading.label_keys import by_object
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
from morphoflow.reading.quality import COUNTS, Report, note, quality_table, with_rows
from morphoflow.tables import OBJECT_COLUMNS

FEWER_GROUPS = (
    "add images, name smaller groups in group_column, or set `group` of the source to object"
)


def object_table(
    rows: pd.DataFrame,
    reports: list[Report],
    labels: list[pd.DataFrame],
    split: dict,
    on_bad_input: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a crop of ``rows`` (from ``read_cells``), and all findings.

    ``labels`` are tables of :func:`morphoflow.reading.label_tables.read_label_tables`, by the ids
    of objects or of images, or by what :mod:`morphoflow.cells.reading.label_keys` knows, whose
    further columns come along. Exact copies of a crop join their groups. A label of an object that
    no source holds, a class with fewer objects than there are splits, and fewer groups than splits,
    raise InputError or, if ``on_bad_input`` is "skip", are listed: the objects of such a class
    stay, without a label. The split is the rows' own, if they have one.
    """
    rows, labels = _labelled(rows, [report.file for report in reports], labels)
    refused = {finding.id for report in reports for finding in report.findings}
    small = small_classes(rows["label"])
    faults = [
        *stray_labels(labels, {*rows["id"], *refused}),
        *small.values(),
        *few_groups(rows["group"], split, FEWER_GROUPS),
    ]
    stop_at(faults, on_bad_input)
    label = labels_without(rows["label"], small)
    known = rows["split"] if "split" in rows else split_of(label, rows["group"], split)
    objects = rows.assign(label=label, split=known)
    quality = with_rows(
        quality_table(reports, COUNTS),
        [
            *faults,
            *_copies(rows),
            *_unknown_images(rows),
            *_some_unlabelled(rows),
            *one_class(objects["label"]),
        ],
    )
    further = [c for c in objects if c not in (*OBJECT_COLUMNS, *MEASURES, "digest")]
    return objects[[*OBJECT_COLUMNS, *MEASURES, *further]], quality


def early_split(
    rows: pd.DataFrame, files: list[str], labels: list[pd.DataFrame], split: dict
) -> np.ndarray:
    """The split (n,) of the objects of ``rows`` (n) of ``files``, before crops are made of them."""
    rows, _ = _labelled(rows, files, labels)
    label = labels_without(rows["label"], small_classes(rows["label"]))
    return split_of(label, rows["group"], split)


def _labelled(
    rows: pd.DataFrame, files: list[str], labels: list[pd.DataFrame]
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The rows with what the ``labels`` say and copies in one group, and the labels by object."""
    labels = [_by_object(by_object(table, rows, files), rows) for table in labels]
    rows = join_labels(rows, labels)
    rows["group"] = joined(rows["group"], rows["digest"])
    return rows, labels


def _by_object(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The label table with a line for each object of an image in place of the image's line.

    A line is the image's if its id is that of an image, and of no object.
    """
    image = rows["image"].where(rows["image"].notna(), None)
    of_image = table["id"].isin(set(image.dropna())) & ~table["id"].isin(rows["id"])
    if not of_image.any():
        return table
    lines = pd.Series(table.index[of_image], index=table["id"][of_image])
    line = image.map(lines)
    own = table[~of_image]
    # What a line says of an object outranks what another says of its image.
    line = line[line.notna() & ~rows["id"].isin(own["id"])]
    spread = table.loc[line].assign(id=rows["id"][line.index].to_numpy())
    return pd.concat([own, spread], ignore_index=True)


def _unknown_images(rows: pd.DataFrame) -> list[dict]:
    """A note if crops lie in splits each alone, since nothing tells which are of one image."""
    alone = rows[rows["image"].isna() & ~rows["group"].duplicated(keep=False)]
    if alone.empty:
        return []
    message = (
        f"nothing tells which of {len(alone)} crops, such as '{alone['id'].iloc[0]}', are of one "
        f"image, so those of one may lie in several splits; name their images in group_column"
    )
    return [note("images_unknown", message, value=str(len(alone)))]


def _some_unlabelled(rows: pd.DataFrame) -> list[dict]:
    """A note if some objects have a label and others have none."""
    without = rows["id"][rows["label"].isna()]
    if not 0 < len(without) < len(rows):
        return []
    message = f"{len(without)} of {len(rows)} objects have no label, such as '{without.iloc[0]}'"
    return [note("unlabelled", message, value=str(len(without)))]


def _copies(rows: pd.DataFrame) -> list[dict]:
    """A note on each crop that is an exact copy of an earlier one."""
    original = rows.groupby("digest")["id"].transform("first")
    copies = rows.assign(original=original)[rows["id"] != original]
    return [
        note(
            "same_crop",
            f"'{row.id}' is an exact copy of '{row.original}'; they share a group and a split",
            id=row.id,
            file=row.source,
            value=row.original,
        )
        for row in copies.itertuples()
    ]

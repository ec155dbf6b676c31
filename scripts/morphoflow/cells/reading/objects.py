"""The object table of cells: labels joined by id, copies kept together, splits fixed."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from morphoflow.cells.reading.crops import MEASURES
from morphoflow.reading.label_tables import join_labels
from morphoflow.reading.objects import (
    few_groups,
    one_class,
    small_classes,
    split_of,
    stop_at,
    stray_labels,
    without,
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

    ``labels`` are tables of :func:`morphoflow.reading.label_tables.read_label_tables`, whose
    further columns come along. Exact copies of a crop join their groups. A label of an object that
    no source holds, a class with fewer objects than there are splits, and fewer groups than splits,
    raise InputError or, if ``on_bad_input`` is "skip", are listed: the objects of such a class
    stay, without a label.
    """
    rows = join_labels(rows, labels)
    rows["group"], copies = _grouped_with_copies(rows)
    refused = {finding.id for report in reports for finding in report.findings}
    small = small_classes(rows["label"])
    faults = [
        *stray_labels(labels, {*rows["id"], *refused}),
        *small.values(),
        *few_groups(rows["group"], split, FEWER_GROUPS),
    ]
    stop_at(faults, on_bad_input)
    label = without(rows["label"], small)
    objects = rows.assign(label=label, split=split_of(label, rows["group"], split))
    quality = with_rows(
        quality_table(reports, COUNTS), [*faults, *copies, *one_class(objects["label"])]
    )
    further = [c for c in objects if c not in (*OBJECT_COLUMNS, *MEASURES, "digest")]
    return objects[[*OBJECT_COLUMNS, *MEASURES, *further]], quality


def _grouped_with_copies(rows: pd.DataFrame) -> tuple[np.ndarray, list[dict]]:
    """The group (n,) of each row, one for all groups that share a crop; and a note on each copy."""
    group, names = pd.factorize(rows["group"], sort=True)
    content, _ = pd.factorize(rows["digest"])
    n = len(names)
    edges = coo_array(
        (np.ones(len(rows)), (group, n + content)), shape=(n + len(rows), n + len(rows))
    )
    _, component = connected_components(edges, directed=False)
    first = pd.Series(np.arange(n)).groupby(component[:n]).transform("min").to_numpy()
    original = rows.groupby(content)["id"].transform("first")
    copies = rows.assign(original=original)[rows["id"] != original]
    notes = [
        note(
            "same_crop",
            f"'{row.id}' is an exact copy of '{row.original}'; they share a group and a split",
            id=row.id,
            file=row.source,
            value=row.original,
        )
        for row in copies.itertuples()
    ]
    return np.asarray(names)[first[group]], notes

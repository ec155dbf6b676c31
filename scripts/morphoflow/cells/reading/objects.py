"""The object table of cells: labels joined by id, copies kept together, splits fixed."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from morphoflow.cells.reading.crops import MEASURES
from morphoflow.cells.reading.findings import Finding
from morphoflow.cells.reading.quality import Report, quality_table
from morphoflow.errors import InputError
from morphoflow.reading.label_tables import join_labels
from morphoflow.splits import assign_splits
from morphoflow.tables import OBJECT_COLUMNS, SPLITS


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
        *_few_groups(rows["group"], split),
    ]
    stop_at(faults, on_bad_input)
    label = rows["label"].where(~rows["label"].isin(list(small)), None)
    fractions = {name: split[name] for name in SPLITS}
    generator = np.random.default_rng(split["seed"])
    splits = assign_splits(label, rows["group"], fractions, generator)
    objects = rows.assign(label=label.astype(object).where(label.notna(), None), split=splits)
    listed = [*faults, *copies, *one_class(objects["label"])]
    further = [c for c in objects if c not in (*OBJECT_COLUMNS, *MEASURES, "digest")]
    return objects[[*OBJECT_COLUMNS, *MEASURES, *further]], with_findings(reports, listed)


def stop_at(faults: list[dict], on_bad_input: str) -> None:
    """Raise InputError with the first of the ``faults``, if bad input is to stop."""
    if faults and on_bad_input == "stop":
        raise InputError(
            f"{faults[0]['message']}, or set on_bad_input to skip ({len(faults)} such findings)."
        )


def with_findings(reports: list[Report], findings: list[dict]) -> pd.DataFrame:
    """The quality table, with findings on objects and classes below those on files."""
    quality = quality_table(reports)
    more = pd.DataFrame(findings, columns=quality.columns).astype(quality.dtypes)
    return pd.concat([quality, more], ignore_index=True) if findings else quality


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
        _note(
            row.id,
            row.source,
            "same_crop",
            row.original,
            f"'{row.id}' is an exact copy of '{row.original}'; they share a group and a split",
        )
        for row in copies.itertuples()
    ]
    return np.asarray(names)[first[group]], notes


def stray_labels(tables: list[pd.DataFrame], known: set[str]) -> list[dict]:
    """Labels of objects that no source holds, whether they were read or refused."""
    strays = pd.concat([table[~table["id"].isin(known)] for table in tables]) if tables else None
    return [
        _fault(
            row.id,
            row.file,
            "stray_label",
            row.id,
            f"{row.file}, line {row.line}: there is no object '{row.id}'; correct the id or "
            f"remove the line",
        )
        for row in (() if strays is None else strays.itertuples())
    ]


def small_classes(labels: pd.Series) -> dict[str, dict]:
    """Classes that cannot have an object in each split, with the finding for each."""
    counts = labels.value_counts().sort_index()
    return {
        label: _fault(
            "",
            "",
            "small_class",
            label,
            f"the class '{label}' has {n} usable objects, but {len(SPLITS)} are needed for one "
            f"in each split; add objects, merge the class with another or leave its label empty",
        )
        for label, n in counts.items()
        if n < len(SPLITS)
    }


def _few_groups(groups: pd.Series, split: dict) -> list[dict]:
    """Whether there are too few groups for the splits that are wanted."""
    wanted, n = sum(split[name] > 0 for name in SPLITS), groups.nunique()
    if n >= wanted:
        return []
    message = (
        f"the objects form {n} group(s), such as '{groups.iloc[0]}', which cannot be spread over "
        f"{wanted} splits; add images, name smaller groups in group_column, or set `group` of the "
        f"source to object"
    )
    return [_fault("", "", "few_groups", str(n), message)]


def one_class(labels: pd.Series) -> list[dict]:
    """A note if all labels are the same."""
    names = labels.dropna().unique()
    if len(names) != 1:
        return []
    message = f"all labels are '{names[0]}', so there is nothing to tell apart"
    return [_note("", "", "one_class", names[0], message)]


def _note(identifier: str, file: str, code: str, value: str, message: str) -> dict:
    finding = Finding(code, message)
    return _row(identifier, file, "ok", finding.severity, code, value, message)


def _fault(identifier: str, file: str, code: str, value: str, message: str) -> dict:
    return _row(identifier, file, "skipped", "refused", code, value, message)


def _row(identifier, file, verdict, severity, code, value, message) -> dict:
    return {
        "id": identifier,
        "file": file,
        "verdict": verdict,
        "severity": severity,
        "code": code,
        "value": value,
        "message": message,
    }

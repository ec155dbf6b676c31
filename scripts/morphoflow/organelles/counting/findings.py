"""What can be said about the objects of a label volume, as rows of the quality table."""

import pandas as pd

from morphoflow.cells.reading.quality import COLUMNS
from morphoflow.errors import InputError
from morphoflow.tables import SPLITS


def row(file: str, severity: str, code: str, value, message: str, identifier: str = "") -> dict:
    """A finding in ``file``, on one object or, with an empty ``identifier``, on the whole."""
    found = {"id": identifier, "file": file, "severity": severity, "code": code}
    return {**found, "value": str(value), "message": message}


def stop_at(faults: list[dict], on_bad_input: str) -> None:
    """Raise InputError for the first of some faults where bad input is to stop the run."""
    if faults and on_bad_input == "stop":
        raise InputError(
            f"{faults[0]['message']}, or set on_bad_input to skip ({len(faults)} such findings)."
        )


def quality_table(file: str, read: int, kept: int, findings: list[dict]) -> pd.DataFrame:
    """One row with code ``verdict`` and the numbers of objects, and one for each finding.

    The columns are those of :mod:`morphoflow.cells.reading.quality`.
    """
    refused = any(f["severity"] == "refused" and f["file"] == file for f in findings)
    verdict = "partly_refused" if refused else "ok"
    message = f"{len(findings)} findings"
    first = row(file, "info", "verdict", verdict, message)
    first |= {"n_objects_read": read, "n_objects": kept}
    rows = [{"verdict": verdict if f["file"] == file else "ok", **f} for f in [first, *findings]]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def strays(labels: pd.DataFrame, label_ids: pd.Series) -> list[dict]:
    """Lines of class tables whose objects are not in the label volume."""
    absent = labels[~labels["label_id"].isin(label_ids)]
    return [
        row(
            line.file,
            "refused",
            "stray_label",
            line.label_id,
            f"{line.file}, line {line.line}: there is no object {line.label_id}; correct the id "
            f"or remove the line",
            str(line.label_id),
        )
        for line in absent.itertuples()
    ]


def too_small(objects: pd.DataFrame, file: str, min_voxels: int) -> list[dict]:
    """Objects that have fewer than ``min_voxels`` voxels."""
    return [
        row(
            file,
            "refused",
            "too_few_voxels",
            small.voxels,
            f"object {small.label_id} has {small.voxels} voxels and min_voxels is {min_voxels}",
            str(small.label_id),
        )
        for small in objects[objects["voxels"] < min_voxels].itertuples()
    ]


def small_classes(labels: pd.Series, file: str) -> dict[str, dict]:
    """Classes that cannot have an object in each split, with the finding for each."""
    counts = labels.value_counts().sort_index()
    return {
        label: row(
            file,
            "refused",
            "small_class",
            label,
            f"the class '{label}' has {n} objects, but {len(SPLITS)} are needed for one in each "
            f"split; merge the class with another or leave its label empty",
        )
        for label, n in counts.items()
        if n < len(SPLITS)
    }


def few_groups(groups: pd.Series, split: dict, file: str) -> list[dict]:
    """Whether there are too few groups for the splits that are wanted."""
    wanted, n = sum(split[name] > 0 for name in SPLITS), groups.nunique()
    if n >= wanted:
        return []
    message = (
        f"the objects form {n} group(s), such as '{groups.iloc[0]}', which cannot be spread over "
        f"{wanted} splits; name smaller groups in group_column, or leave it out"
    )
    return [row(file, "refused", "few_groups", n, message)]


def notes(objects: pd.DataFrame, file: str) -> list[dict]:
    """What is worth knowing of the objects that are kept."""
    border, single = objects["touches_border"].sum(), (objects["voxels"] == 1).sum()
    names = objects["label"].dropna().unique()
    found = []
    if border:
        message = f"{border} of {len(objects)} objects touch the border of the volume"
        found.append(row(file, "info", "touches_border", border, message))
    if single:
        message = f"{single} of {len(objects)} objects are a single voxel"
        found.append(row(file, "info", "single_voxel", single, message))
    if len(names) == 1:
        message = f"all labels are '{names[0]}', so there is nothing to tell apart"
        found.append(row(file, "info", "one_class", names[0], message))
    return found

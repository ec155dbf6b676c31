"""The object table of organelles: measured, labelled and split; and what was found on the way."""

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.reading.objects import (
    few_groups,
    labels_without,
    one_class,
    small_classes,
    split_of,
    stop_at,
    stray_labels,
)
from morphoflow.reading.quality import COUNTS, as_quality, fault, note, verdict_row
from morphoflow.tables import OBJECT_COLUMNS, SPLITS

NO_CLASS = 0

FEWER_GROUPS = "name smaller groups in group_column, or leave it out"


def object_table(
    measured: pd.DataFrame,
    labels: pd.DataFrame,
    majority: pd.Series,
    file: str,
    settings: dict,
    unused: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Objects (the contract's columns, then those of ``measured``) and the quality table.

    ``measured`` has the columns of :func:`morphoflow.organelles.counting.columns.object_columns`,
    ``labels`` those of :func:`morphoflow.organelles.counting.classes.read_class_tables`, and
    ``majority`` the class of label ids by a class volume, which a table outranks; ``file`` is the
    name of the label volume and ``unused`` says what of it has no EM. Objects of fewer than
    ``min_voxels`` are left out and listed, and so are those at the border if that is to "drop".
    A label
    of an object that is not there, a class with fewer objects than there are splits and fewer
    groups than splits raise InputError or, if ``on_bad_input`` is "skip", are listed: the objects
    of such a class stay, without a label. Raises InputError for fewer than three objects. None of
    this holds for a ``part`` of a dataset, whose splits are made once all parts are joined.
    """
    border = settings.get("border", "keep")
    is_small = measured["voxels"] < settings["min_voxels"]
    is_out = measured["touches_border"] & (border == "drop") & ~is_small
    kept = measured[~is_small & ~is_out].reset_index(drop=True)
    _check_number(len(kept), int(is_small.sum()), int(is_out.sum()), file, settings)
    label, group = _labels_and_groups(kept["label_id"], labels, majority, settings)
    part = settings.get("part", False)
    rare = {} if part else small_classes(label, objects="objects", more="")
    strays = [labels.assign(id=labels["label_id"])]
    faults = [
        *stray_labels(strays, measured["label_id"], "there is no object {}"),
        *rare.values(),
        *([] if part else few_groups(group, settings["split"], FEWER_GROUPS)),
    ]
    stop_at(faults, settings["on_bad_input"])
    label = labels_without(label, rare)
    described = {"id": kept["label_id"].astype(str).astype(object), "source": file}
    described |= {"label": label, "group": group}
    described |= {"split": SPLITS[0] if part else split_of(label, group, settings["split"])}
    objects = kept.assign(**described)[[*OBJECT_COLUMNS, *measured.columns]]
    listed = [*faults, *_too_small(measured, settings["min_voxels"]), *_notes(objects, border)]
    listed += [] if part else one_class(label)
    listed += _left_out(is_out)
    listed += [note("labels_without_em", unused)] * (unused is not None)
    return objects, _quality(file, len(measured), len(objects), listed)


def _quality(file: str, read: int, kept: int, rows: list[dict]) -> pd.DataFrame:
    """The quality table of one volume, which is at fault wherever no class table is."""
    rows = [{**row, "file": row["file"] or file} for row in rows]
    refused = any(row["severity"] == "refused" and row["file"] == file for row in rows)
    verdict = "partly_refused" if refused else "ok"
    rows = [{**row, "verdict": verdict if row["file"] == file else "ok"} for row in rows]
    counts = dict(zip(COUNTS, (read, kept), strict=True))
    return as_quality([verdict_row(file, verdict, len(rows), counts), *rows], COUNTS)


def _too_small(objects: pd.DataFrame, min_voxels: int) -> list[dict]:
    """A fault for each object that has fewer than ``min_voxels`` voxels."""
    return [
        fault(
            "too_few_voxels",
            f"object {small.label_id} has {small.voxels} voxels and min_voxels is {min_voxels}",
            id=str(small.label_id),
            value=str(small.voxels),
        )
        for small in objects[objects["voxels"] < min_voxels].itertuples()
    ]


def _left_out(is_out: pd.Series) -> list[dict]:
    """A note where objects are left out because they touch the border."""
    n = int(is_out.sum())
    said = f"{n} of {len(is_out)} objects touch the border of the volume; left out"
    return [note("left_out", said, value=str(n))] if n else []


def _notes(objects: pd.DataFrame, border: str) -> list[dict]:
    """What is worth knowing of the objects that are kept."""
    cut = "touch the border of the volume"
    if border == "mark":
        cut += ", so that their sizes and forms are missing"
    counts = {
        "touches_border": (objects["touches_border"].sum(), cut),
        "single_voxel": ((objects["voxels"] == 1).sum(), "are a single voxel"),
    }
    return [
        note(code, f"{n} of {len(objects)} objects {what}", value=str(n))
        for code, (n, what) in counts.items()
        if n
    ]


def with_pieces(quality: pd.DataFrame, shapes: pd.DataFrame) -> pd.DataFrame:
    """The quality table of a volume with a note where objects lie in several pieces.

    ``shapes`` has the column ``pieces``: parts of an object that no voxel's corner joins.
    """
    apart = shapes[shapes["pieces"] > 1]
    if apart.empty:
        return quality
    most = apart.loc[apart["pieces"].idxmax()]
    message = (
        f"{len(apart)} of {len(shapes)} objects lie in several pieces, such as {most['id']} in "
        f"{int(most['pieces'])}; set `pieces` to split or largest where these are not one object"
    )
    first = quality.iloc[0]
    row = note("several_pieces", message, value=str(len(apart)))
    row |= {"file": first["file"], "verdict": first["verdict"]}
    listed = [verdict_row(first["file"], first["verdict"], len(quality), first[list(COUNTS)]), row]
    added = as_quality(listed, COUNTS)
    return pd.concat([added[:1], quality[1:], added[1:]], ignore_index=True)


def majority_classes(classes: pd.DataFrame, names: dict[int, str]) -> pd.Series:
    """The class of most voxels of each label id, of equals the smallest; None for class 0.

    ``classes`` has columns label_id, class_id and voxels. A class is called as ``names`` say, or
    by its number.
    """
    order = classes.sort_values(["label_id", "voxels", "class_id"], ascending=[True, False, True])
    most = order.drop_duplicates("label_id").set_index("label_id")["class_id"]
    texts = [None if n == NO_CLASS else names.get(n, str(n)) for n in most]
    return pd.Series(texts, index=most.index, dtype=object)


def _labels_and_groups(
    label_ids: pd.Series, labels: pd.DataFrame, majority: pd.Series, settings: dict
) -> tuple[pd.Series, pd.Series]:
    """Label (None where unknown) and group (its own id where none is said) of each object.

    Where nothing is said of an object it has the ``class`` and the ``group`` of the whole volume.
    """
    table = labels.set_index("label_id")
    said, group = label_ids.map(table["label"]), label_ids.map(table["group"])
    label = said.astype(object).where(said.notna(), label_ids.map(majority).astype(object))
    label = label.where(label.notna(), settings.get("class"))
    of_none = settings.get("group", label_ids.astype(str).astype(object))
    return label, group.astype(object).where(group.notna(), of_none)


def _check_number(kept: int, small: int, out: int, file: str, settings: dict) -> None:
    if kept + small + out == 0:
        raise InputError(f"the labels {file} have no voxel that is not 0; name a volume of labels.")
    needed = 1 if settings.get("part") else len(SPLITS)
    if kept >= needed:
        return
    dropped = f" and {out} at the border of the volume" if out else ""
    raise InputError(
        f"the labels {file} have {kept} object(s) of at least {settings['min_voxels']} voxels (and "
        f"{small} smaller{dropped}), but at least {needed} are needed; name a volume with "
        f"more objects, lower min_voxels{', or set `border` to mark' if out else ''}."
    )

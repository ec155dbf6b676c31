"""Tables of counts: one row a label (and rarely more), from blocks, merged without rounding."""

import numpy as np
import pandas as pd

from morphoflow.organelles.counting.counts import ANCHOR, START, STOP, SUMS, VOXELS, BlockCounts
from morphoflow.organelles.volumes.boxes import Box

AXES = "zyx"

STARTS = [f"box_{a}_start" for a in AXES]

STOPS = [f"box_{a}_stop" for a in AXES]

ANCHORS = [f"anchor_{a}" for a in AXES]

SUM = [f"sum_{a}" for a in AXES]

AXIS_PAIRS = [(a, b) for a in range(3) for b in range(a, 3)]

PRODUCT = [f"sum_{AXES[a]}{AXES[b]}" for a, b in AXIS_PAIRS]

INTENSITY = ["sum_intensity", "sum_intensity_squared"]

CLASSES = ["class_ids", "class_voxels"]

FACES = [f"faces_{a}" for a in AXES]

PAIR = ["label_id_a", "label_id_b"]

# Sums below this fit int64 with a bit to spare, which covers the rounding of the bound itself.
LARGEST = 2.0**62

LARGEST_SQUARE = 2.0**32


def block_rows(counts: BlockCounts, block: Box) -> tuple[np.ndarray, ...]:
    """The labels of a block: ids, the block's corner for each, moments and sums of intensities.

    :func:`table_of_rows` makes a table of many blocks' rows; a table for each would cost more than
    the counting of a block.
    """
    corner = np.empty((len(counts.ids), 3), np.int64)
    corner[:] = block.start
    return counts.ids, corner, counts.moments, counts.intensity


def table_of_rows(rows: list[tuple[np.ndarray, ...]]) -> pd.DataFrame:
    """The rows of blocks as a table: ids, voxels, box, anchor, sums over indices and intensities.

    Sums over voxel indices are counted from the first corner of the row's own box.
    """
    ids, corner, moments, intensity = (np.concatenate(part) for part in zip(*rows, strict=True))
    start = moments[:, START:STOP]
    shifted = shift_moments(moments[:, VOXELS], moments[:, SUMS:START], -start)
    columns = {"label_id": ids, "voxels": moments[:, VOXELS]}
    columns |= dict(zip(STARTS, (start + corner).T, strict=True))
    columns |= dict(zip(STOPS, (moments[:, STOP:ANCHOR] + corner).T, strict=True))
    columns |= dict(zip(ANCHORS, (moments[:, ANCHOR:] + corner).T, strict=True))
    columns |= dict(zip([*SUM, *PRODUCT], shifted.T, strict=True))
    columns |= dict(zip(INTENSITY, intensity.T, strict=True))
    return pd.DataFrame(columns)


def table_of_contacts(rows: list[tuple[np.ndarray, ...]]) -> pd.DataFrame:
    """Faces across z, y and x of touching pairs of labels in blocks, the smaller id first.

    Each of ``rows`` are the ``contacts`` of a block.
    """
    first, second, faces = (np.concatenate(part) for part in zip(*rows, strict=True))
    pairs = {PAIR[0]: np.minimum(first, second), PAIR[1]: np.maximum(first, second)}
    return pd.DataFrame(pairs | dict(zip(FACES, faces.T, strict=True)))


def table_of_classes(rows: list[tuple[np.ndarray, ...]]) -> pd.DataFrame:
    """Voxels of labels in classes: label_id, class_id, voxels.

    Each of ``rows`` is what a block has ``shared``.
    """
    label, kind, voxels = (np.concatenate(part) for part in zip(*rows, strict=True))
    return pd.DataFrame({"label_id": label, "class_id": kind, "voxels": voxels[:, 0]})


def shift_moments(voxels: np.ndarray, sums: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Sums and sums of products (n, 9) of indices that are all larger ``by`` (n, 3).

    Exact for int64 that does not overflow and for Python's integers.
    """
    first, products = sums[:, :3], sums[:, 3:]
    moved = [first[:, a] + voxels * by[:, a] for a in range(3)]
    for column, (a, b) in enumerate(AXIS_PAIRS):
        change = by[:, a] * first[:, b] + by[:, b] * first[:, a] + voxels * by[:, a] * by[:, b]
        moved.append(products[:, column] + change)
    return np.stack(moved, axis=1)


def merge_tables(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One row a label, ascending, with the sums of all ``tables``.

    A label whose sums might not fit int64 keeps the rows that it has.
    """
    table = pd.concat(tables, ignore_index=True)
    table = table.sort_values(["label_id", *ANCHORS], kind="stable", ignore_index=True)
    first, group = groups(table["label_id"].to_numpy())
    if len(first) == len(table):
        return table
    start = np.minimum.reduceat(table[STARTS].to_numpy(), first)
    stop = np.maximum.reduceat(table[STOPS].to_numpy(), first)
    voxels = np.add.reduceat(table["voxels"].to_numpy().astype(np.float64), first)
    bound = voxels * np.maximum(((stop - start) ** 2.0).max(axis=1), LARGEST_SQUARE)
    large = (bound >= LARGEST)[group]
    kept, rest = table[large], table[~large]
    merged = _summed(rest.reset_index(drop=True)) if len(rest) else rest
    both = pd.concat([merged, kept], ignore_index=True) if len(kept) else merged
    return both.sort_values(["label_id", *ANCHORS], kind="stable", ignore_index=True)


def groups(sorted_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each id begins in a sorted array, and the number of each entry's id among them."""
    new = np.ones(len(sorted_ids), dtype=bool)
    new[1:] = sorted_ids[1:] != sorted_ids[:-1]
    return np.flatnonzero(new), np.cumsum(new) - 1


def _summed(table: pd.DataFrame) -> pd.DataFrame:
    first, group = groups(table["label_id"].to_numpy())
    voxels, starts = table["voxels"].to_numpy(), table[STARTS].to_numpy()
    start = np.minimum.reduceat(starts, first)
    sums = shift_moments(voxels, table[[*SUM, *PRODUCT]].to_numpy(), starts - start[group])
    merged = table.iloc[first].reset_index(drop=True)
    merged["voxels"] = np.add.reduceat(voxels, first)
    merged[STARTS] = start
    merged[STOPS] = np.maximum.reduceat(table[STOPS].to_numpy(), first)
    merged[[*SUM, *PRODUCT]] = np.add.reduceat(sums, first)
    merged[INTENSITY] = np.add.reduceat(table[INTENSITY].to_numpy(), first)
    return merged


def merge_pairs(tables: list[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    """One row for each pair of ``keys``, ascending, with the sums of the other columns."""
    return pd.concat(tables, ignore_index=True).groupby(keys, as_index=False, sort=True).sum()


def with_classes(table: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """The table with the lists ``class_ids`` and ``class_voxels`` in the first row of a label."""
    lists = classes.groupby("label_id")[["class_id", "voxels"]].agg(list)
    first = ~table["label_id"].duplicated()
    for name, column in zip(CLASSES, lists.columns, strict=True):
        values = table["label_id"].map(lists[column])
        table[name] = [v if is_first else [] for v, is_first in zip(values, first, strict=True)]
    return table


def classes_of(table: pd.DataFrame) -> pd.DataFrame:
    """The voxels of each label in each class, of a table of :func:`with_classes`."""
    rows = table[["label_id", *CLASSES]].explode(CLASSES).dropna()
    rows = rows.rename(columns={"class_ids": "class_id", "class_voxels": "voxels"})
    return rows.astype({"class_id": np.uint64, "voxels": np.int64})


# The counts of all parts of a volume as one table each.


def merged_labels(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The labels of all parts, as :func:`merge_tables` does."""
    return merge_tables([part.drop(columns=CLASSES, errors="ignore") for part in parts])


def merged_classes(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Voxels of each label in each class: label_id, class_id, voxels; empty without classes."""
    counted = [classes_of(part) for part in parts if CLASSES[0] in part]
    if not counted:
        return pd.DataFrame(columns=["label_id", "class_id", "voxels"])
    return merge_pairs(counted, ["label_id", "class_id"])


def merged_contacts(parts: list[pd.DataFrame], kept: pd.Series) -> pd.DataFrame:
    """Touching pairs of all parts in which both labels are ``kept``."""
    pairs = merge_pairs(parts, PAIR)
    return pairs[pairs[PAIR].isin(set(kept)).all(axis=1)].reset_index(drop=True)

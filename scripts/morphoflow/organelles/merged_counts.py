"""The counts of all parts of a volume as one table each."""

import pandas as pd

from morphoflow.organelles.count_table import CLASSES, PAIR, classes_of, merge_pairs, merge_tables


def merged_labels(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The labels of all parts, as :func:`morphoflow.organelles.count_table.merge_tables` does."""
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
